//! Finds the sentences that the source cites, and lists each rule's code and tests below the rule.
//!
//! Each cited sentence belongs to a block, which is the paragraph or list item that contains it.
//! The block gets an anchor:
//!
//! | block | anchor |
//! |---|---|
//! | rule 3 of section 5.1 | `rfc6455-5-1-rule-3` |
//! | the second other paragraph of section 5.1 | `rfc6455-5-1-text-2` |

use std::{collections::BTreeMap, fmt::Write as _, fs, path::Path};

use anyhow::{Context, Result, ensure};
use mdbook_markdown::{
    MarkdownOptions, new_cmark_parser,
    pulldown_cmark::{Event, Tag, TagEnd},
};

use super::{
    address,
    citations::Citation,
    edit::Edit,
    problem::Problem,
    workspace::{CHAPTERS, SourceFile, Workspace},
};

/// The names of the pages that restate the RFCs. The anchor of each rule begins with the name of
/// its page.
pub(crate) const PAGES: [&str; 3] = ["rfc6455", "rfc7692", "rfc8441"];

/// The rules that the source cites.
#[derive(Debug, Default)]
pub(super) struct Rules {
    /// The rules by their anchors.
    by_anchor: BTreeMap<String, Rule>,
    /// The anchors of the cited rules, by the file and line of each citation.
    cited: BTreeMap<(String, usize), String>,
}

/// A cited block of a page.
#[derive(Debug)]
pub(super) struct Rule {
    /// The path of the page, relative to the root of the repository.
    page: String,
    /// The number of its section, such as `5.1`.
    pub(super) section: String,
    /// The offsets at which the block begins and ends in the page.
    start: usize,
    end: usize,
    /// The code that obeys the rule, and the tests that check it.
    pub(super) sites: Vec<Site>,
}

/// A place in the source that cites a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Site {
    /// The address of the place.
    pub(super) address: String,
    /// The name of the item that contains the citation, or of the file if no item contains it.
    pub(super) name: String,
    pub(super) is_test: bool,
}

impl Rules {
    /// Reads the pages, and finds the sentences on them that the files of the workspace cite.
    ///
    /// # Errors
    /// Returns an error if a page cannot be read, or if a citation does not match its page.
    pub(super) fn read(root: &Path, workspace: &Workspace) -> Result<Self> {
        let mut pages = BTreeMap::new();
        for name in PAGES {
            let path = format!("{CHAPTERS}/{name}.md");
            let content = fs::read_to_string(root.join(&path)).with_context(|| format!("{path} cannot be read"))?;
            let blocks = blocks(name, &content);
            pages.insert(path, blocks);
        }
        let mut rules = Self::default();
        let mut problems = Vec::new();
        for (path, file) in &workspace.files {
            for citation in &file.citations {
                let found = pages.get(&citation.page).and_then(|blocks| find(blocks, citation));
                let Some(block) = found else {
                    let advice =
                        format!("this sentence is not in {}#{}: copy it from there", citation.page, citation.section);
                    problems.push(Problem { file: path.clone(), line: citation.first, advice }.to_string());
                    continue;
                };
                let site = site(path, file, citation, &block.anchor);
                let rule = rules.by_anchor.entry(block.anchor.clone()).or_insert_with(|| Rule {
                    page: citation.page.clone(),
                    section: block.section.replace('-', "."),
                    start: block.start,
                    end: block.end,
                    sites: Vec::new(),
                });
                if !rule.sites.contains(&site) {
                    rule.sites.push(site);
                }
                rules.cited.insert((path.clone(), citation.first), block.anchor.clone());
            }
        }
        ensure!(problems.is_empty(), "{}", problems.join("\n"));
        Ok(rules)
    }

    /// Returns the rule that a file cites on a given line, and the rule's anchor.
    pub(super) fn cited(&self, path: &str, line: usize) -> Option<(&str, &Rule)> {
        let anchor = self.cited.get(&(path.to_owned(), line))?;
        Some((anchor, &self.by_anchor[anchor]))
    }

    /// Returns the edits that add an anchor to each cited rule of a page, and links to the rule's
    /// code and tests.
    pub(super) fn edits(&self, page: &str) -> Vec<Edit> {
        let mut edits = Vec::new();
        for (anchor, rule) in self.by_anchor.iter().filter(|(_, rule)| rule.page == page) {
            edits.push(Edit { range: rule.start..rule.start, text: format!("<a id=\"{anchor}\"></a>") });
            edits.push(Edit { range: rule.end..rule.end, text: rule.proof(page) });
        }
        edits
    }
}

impl Rule {
    /// Returns the file name of the rendered page that contains the rule.
    pub(super) fn html(&self) -> String {
        address::in_page(&self.page, "")
    }

    /// Returns the places that cite the rule, as a list in inline HTML.
    fn proof(&self, page: &str) -> String {
        let mut html = "<span class=\"proof\">".to_owned();
        for (is_test, label) in [(false, "code"), (true, "tests")] {
            let sites: Vec<&Site> = self.sites.iter().filter(|site| site.is_test == is_test).collect();
            if sites.is_empty() {
                continue;
            }
            let _ = write!(html, "<span><b>{label}</b>");
            for site in sites {
                let _ = write!(html, " <a href=\"{}\">{}</a>", address::in_page(page, &site.address), site.name);
            }
            html.push_str("</span>");
        }
        html.push_str("</span>");
        html
    }
}

/// Returns the place in the source that contains a citation.
fn site(path: &str, file: &SourceFile, citation: &Citation, anchor: &str) -> Site {
    let item = file.item_at(citation.last);
    let file_name = path.rsplit('/').next().unwrap_or(path);
    Site {
        address: address::of(path, item.map(|item| &*item.name), Some(anchor)),
        name: item.map_or(file_name, |item| &item.name).trim_start_matches("tests::").to_owned(),
        is_test: citation.is_test,
    }
}

/// A paragraph or a list item of a page.
#[derive(Debug)]
struct Block {
    anchor: String,
    /// Its section, such as `5-1`.
    section: String,
    start: usize,
    end: usize,
    /// Its text, with single spaces.
    text: String,
}

/// Returns the block that contains the sentence of a citation.
fn find<'a>(blocks: &'a [Block], citation: &Citation) -> Option<&'a Block> {
    let section = citation.section.strip_prefix("section-")?;
    blocks.iter().find(|block| block.section == section && block.text.contains(&citation.sentence))
}

/// Returns the paragraphs and list items in the sections of a page.
fn blocks(page: &str, content: &str) -> Vec<Block> {
    let mut reader = BlockReader { page, content, section: String::new(), texts: 0, open: None, blocks: Vec::new() };
    // For each open list, the number of the next item, or `None` if the list has bullets.
    let mut lists: Vec<Option<u64>> = Vec::new();
    // The number of a list item that has begun but has no text yet.
    let mut pending: Option<Option<u64>> = None;
    for (event, range) in new_cmark_parser(content, &MarkdownOptions::default()).into_offset_iter() {
        match event {
            Event::Start(Tag::Heading { id: Some(id), .. }) => {
                id.strip_prefix("section-").unwrap_or_default().clone_into(&mut reader.section);
                reader.texts = 0;
            }
            Event::Start(Tag::List(first)) => {
                reader.close(range.start);
                lists.push(first);
            }
            Event::End(TagEnd::List(_)) => {
                lists.pop();
            }
            Event::Start(Tag::Item) => {
                pending = lists.last_mut().map(|next| std::mem::replace(next, next.map(|number| number + 1)));
            }
            Event::Start(Tag::Paragraph) => reader.open = Some((range.start, pending.take().flatten())),
            Event::End(TagEnd::Paragraph | TagEnd::Item) => reader.close(range.end),
            Event::Start(Tag::CodeBlock(_) | Tag::Table(_) | Tag::BlockQuote(_) | Tag::HtmlBlock) => {
                reader.close(range.start);
            }
            // If no blank line separates the items, the parser reports the text of an item without
            // a paragraph around it.
            _ => {
                if let Some(number) = pending.take() {
                    reader.open = Some((range.start, number));
                }
            }
        }
    }
    reader.blocks
}

/// Collects the blocks of a page.
struct BlockReader<'a> {
    page: &'a str,
    content: &'a str,
    /// The current section, such as `5-1`. Empty before the first section.
    section: String,
    /// How many unnumbered blocks this section has had so far.
    texts: usize,
    /// The open block: the offset at which it begins, and its number.
    open: Option<(usize, Option<u64>)>,
    blocks: Vec<Block>,
}

impl BlockReader<'_> {
    /// Ends the open block, if there is one.
    fn close(&mut self, end: usize) {
        let Some((start, number)) = self.open.take() else { return };
        let text = self.content[start..end].trim_end();
        if text.is_empty() || self.section.is_empty() {
            return;
        }
        let kind = if let Some(number) = number {
            format!("rule-{number}")
        } else {
            self.texts += 1;
            format!("text-{}", self.texts)
        };
        self.blocks.push(Block {
            anchor: format!("{}-{}-{kind}", self.page, self.section),
            section: self.section.clone(),
            start,
            end: start + text.len(),
            text: text.split_whitespace().collect::<Vec<_>>().join(" "),
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_keep_their_numbers_and_other_text_is_counted() {
        let page = "\
            # Page\n\nIgnored.\n\n## One {#section-1-2}\n\nA sentence.\n\n\
            7. The first\n   rule. More.\n\n   ```text\n   code\n   ```\n8. The **second**.\n";
        let found = blocks("rfc1", page);
        let texts: Vec<_> = found.iter().map(|block| (&*block.anchor, &*block.text)).collect();
        assert_eq!(
            texts,
            [
                ("rfc1-1-2-text-1", "A sentence."),
                ("rfc1-1-2-rule-7", "The first rule. More."),
                ("rfc1-1-2-rule-8", "The **second**."),
            ]
        );
        assert!(found.iter().all(|block| !page[block.start..block.end].ends_with(char::is_whitespace)));
    }

    /// The lists on the pages must agree with duvet's own report.
    #[test]
    fn each_sentence_of_duvets_snapshot_has_its_code_and_its_tests() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap();
        let rules = Rules::read(root, &Workspace::read(root).unwrap()).unwrap();
        let snapshot = fs::read_to_string(root.join(".duvet/snapshot.txt")).unwrap();
        let (mut page, mut section, mut compared) = ("", "", 0);
        let mut pages = BTreeMap::new();
        for line in snapshot.lines().map(str::trim) {
            if line.starts_with("SPECIFICATION:") {
                page = PAGES.into_iter().find(|page| line.contains(&format!("/{page}.md"))).unwrap();
                let content = fs::read_to_string(root.join(format!("{CHAPTERS}/{page}.md"))).unwrap();
                pages.insert(page, blocks(page, &content));
            } else if line.starts_with("SECTION:") {
                section = line.rsplit_once("#section-").unwrap().1.trim_end_matches(')');
            } else if let Some((flags, text)) = line.strip_prefix("TEXT[").and_then(|rest| rest.split_once("]: ")) {
                let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
                let candidates =
                    pages[page].iter().filter(|block| block.section == section && block.text.contains(&text));
                let sites: Vec<&Site> = candidates
                    .filter_map(|block| rules.by_anchor.get(&block.anchor))
                    .flat_map(|rule| &rule.sites)
                    .collect();
                for (flag, is_test) in [("implementation", false), ("test", true)] {
                    let listed = sites.iter().any(|site| site.is_test == is_test);
                    assert!(listed || !flags.contains(flag), "{page}, section {section}, {flag}: {text}");
                }
                compared += 1;
            }
        }
        assert!(compared > 300, "only {compared} lines of the snapshot were compared");
    }
}
