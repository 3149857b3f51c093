//! Renders the book once for all tests, and reads the rendered pages.

use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, OnceLock, PoisonError},
    time::{Duration, Instant},
};

use html5ever::{
    tendril::StrTendril,
    tokenizer::{BufferQueue, Token, TokenSink, TokenSinkResult, Tokenizer, TokenizerOpts},
};
use tempfile::TempDir;

/// The rendered book.
pub(crate) struct Rendered {
    folder: TempDir,
    /// The time that rendering has taken.
    pub(crate) time: Duration,
    /// The pages, by their path in the folder.
    pub(crate) pages: BTreeMap<PathBuf, Page>,
}

/// The anchors and targets of a page.
#[derive(Default)]
pub(crate) struct Page {
    /// The anchors that the fragment of a URL may name.
    pub(crate) anchors: BTreeSet<String>,
    /// The targets of links, images, scripts and style sheets.
    pub(crate) targets: Vec<String>,
}

/// Returns the root of the repository.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap()
}

/// Waits until no other test builds the book. Otherwise the tests would share the processor, and
/// the build time that one of them measures would depend on the others.
pub(crate) fn turn_to_build() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Returns the book of this repository, which is rendered by the first call.
pub(crate) fn book() -> &'static Rendered {
    static BOOK: OnceLock<Rendered> = OnceLock::new();
    BOOK.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap();
        let _turn = turn_to_build();
        let start = Instant::now();
        book::build(root(), folder.path(), book::SERVER_PORT).unwrap();
        let time = start.elapsed();
        let mut pages = BTreeMap::new();
        read(folder.path(), Path::new(""), &mut pages);
        Rendered { folder, time, pages }
    })
}

impl Rendered {
    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }
}

fn read(root: &Path, folder: &Path, pages: &mut BTreeMap<PathBuf, Page>) {
    for entry in fs::read_dir(root.join(folder)).unwrap() {
        let path = folder.join(entry.unwrap().file_name());
        if root.join(&path).is_dir() {
            read(root, &path, pages);
        } else if path.extension().is_some_and(|extension| extension == "html") {
            let page = parse(&fs::read_to_string(root.join(&path)).unwrap());
            pages.insert(path, page);
        }
    }
}

fn parse(html: &str) -> Page {
    let tokenizer = Tokenizer::new(Collector::default(), TokenizerOpts::default());
    let input = BufferQueue::default();
    input.push_back(StrTendril::from(html));
    let _ = tokenizer.feed(&input);
    tokenizer.end();
    tokenizer.sink.0.into_inner()
}

/// Collects the attributes of a page.
#[derive(Default)]
struct Collector(RefCell<Page>);

impl TokenSink for Collector {
    type Handle = ();

    fn process_token(&self, token: Token, _: u64) -> TokenSinkResult<()> {
        if let Token::TagToken(tag) = token {
            let mut page = self.0.borrow_mut();
            for attribute in tag.attrs {
                match &*attribute.name.local {
                    "id" => drop(page.anchors.insert(attribute.value.to_string())),
                    "href" | "src" => page.targets.push(attribute.value.to_string()),
                    _ => {}
                }
            }
        }
        TokenSinkResult::Continue
    }
}
