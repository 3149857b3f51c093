//! A certificate and its private key in two files, which are read again when they change.
//!
//! Certificates expire, so a program such as certbot replaces the files every few weeks. The server
//! notices new files without being told. On SIGHUP, it loads them immediately, as other servers do.
//! Only connections that are accepted after the files have been loaded get the new certificate.
//!
//! ```text
//!   every second:  changed since the last look? ── yes ──▶ wait for a look without a change ──▶ load
//!   SIGHUP: ────────────────────────────────────────────────────────────────────────────────▶ load
//! ```

use std::{
    fs, io,
    ops::RangeInclusive,
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use tokio::time::{MissedTickBehavior, interval};
use websocket::tls::{Identity, ServerTls};

use super::expiry;

/// The interval at which the files are checked for changes. A check costs two system calls, and
/// nobody notices if a new certificate is loaded two seconds late.
const LOOK_INTERVAL: Duration = Duration::from_secs(1);

/// The files of a certificate and its private key.
#[derive(Debug, Clone)]
struct Files {
    certificate: PathBuf,
    key: PathBuf,
}

/// The size and the modification time of each file, by which the server recognises a change. `None`
/// for a file whose size and time cannot be read.
type Fingerprint = [Option<(u64, SystemTime)>; 2];

impl Files {
    fn load(&self) -> Result<Identity, String> {
        Identity::from_pem_files(&self.certificate, &self.key).map_err(|error| error.to_string())
    }

    fn fingerprint(&self) -> Fingerprint {
        let look = |file: &Path| -> io::Result<_> {
            let metadata = fs::metadata(file)?;
            Ok((metadata.len(), metadata.modified()?))
        };
        [look(&self.certificate).ok(), look(&self.key).ok()]
    }
}

/// A certificate and its private key, each in a file, and the state needed to notice new files or
/// an expiry.
pub(crate) struct CertificateFiles {
    files: Files,
    /// The fingerprint of the files when they were last loaded.
    loaded: Fingerprint,
    /// The period for which the certificate in use is valid.
    validity: Option<RangeInclusive<SystemTime>>,
    hangups: Hangups,
}

impl CertificateFiles {
    /// Loads the certificate, and starts to catch SIGHUP, so that the signal no longer ends the
    /// process.
    ///
    /// # Errors
    /// Returns a sentence that explains why the files cannot be used.
    pub(super) fn open(certificate: PathBuf, key: PathBuf) -> Result<(Identity, Self), String> {
        let files = Files { certificate, key };
        // Take the fingerprint before reading the files, so that a change between these two steps
        // is noticed at the next check.
        let loaded = files.fingerprint();
        let identity = files.load()?;
        let hangups = Hangups::listen().map_err(|error| format!("cannot listen for SIGHUP: {error}"))?;
        let validity = identity.validity();
        Ok((identity, Self { files, loaded, validity, hangups }))
    }

    /// Loads the certificate into `tls` whenever the files change, and on SIGHUP. If the new files
    /// cannot be used, the old certificate stays in use. The server then tries again only when the
    /// files change once more or the next SIGHUP arrives, because trying every second would report
    /// the same error every second. Warns before the certificate in use expires.
    pub(super) async fn keep_current(&mut self, tls: &ServerTls) {
        let mut looks = interval(LOOK_INTERVAL);
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut seen = self.loaded;
        let origin = format!("the certificate in {}", self.files.certificate.display());
        let watch = |validity| expiry::log(validity, &origin, "renew it, and the server loads the new files");
        let mut expiring = Box::pin(watch(self.validity.clone()));
        loop {
            let asked = tokio::select! {
                () = self.hangups.next() => true,
                _ = looks.tick() => false,
                never = &mut expiring => match never {},
            };
            let files = self.files.clone();
            let now = blocking(move || files.fingerprint()).await;
            // The two files cannot be replaced in a single step, and each file may be written in
            // several steps. So wait until two checks in a row find the files in the same state.
            // After SIGHUP, do not wait.
            if asked || (now == seen && now != self.loaded) {
                self.loaded = now;
                if self.reload(tls).await {
                    expiring = Box::pin(watch(self.validity.clone()));
                }
            }
            seen = now;
        }
    }

    /// Loads the files into `tls`. Returns `true` if new clients now get the certificate in these
    /// files.
    async fn reload(&mut self, tls: &ServerTls) -> bool {
        let files = self.files.clone();
        let result = match blocking(move || files.load()).await {
            Ok(identity) => {
                let validity = identity.validity();
                tls.reload_identity(identity).map(|()| validity).map_err(|error| error.to_string())
            }
            Err(sentence) => Err(sentence),
        };
        match result {
            Ok(validity) => {
                self.validity = validity;
                tracing::info!("new clients get the certificate that is now in {}", self.files.certificate.display());
                true
            }
            Err(sentence) => {
                tracing::error!("the old certificate stays in use: {sentence}");
                false
            }
        }
    }
}

/// Runs a function that blocks on the file system, using a thread that serves no connections.
async fn blocking<T: Send + 'static>(run: impl FnOnce() -> T + Send + 'static) -> T {
    match tokio::task::spawn_blocking(run).await {
        Ok(value) => value,
        Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
        // The runtime is shutting down, so nothing is waiting for this future any more.
        Err(_) => std::future::pending().await,
    }
}

/// Receives SIGHUP, which asks a server to reload its configuration. The signal exists only on
/// Unix.
struct Hangups {
    #[cfg(unix)]
    signal: tokio::signal::unix::Signal,
}

impl Hangups {
    #[cfg(unix)]
    fn listen() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self { signal: signal(SignalKind::hangup())? })
    }

    #[cfg(not(unix))]
    fn listen() -> io::Result<Self> {
        Ok(Self {})
    }

    async fn next(&mut self) {
        #[cfg(unix)]
        if self.signal.recv().await.is_some() {
            return;
        }
        std::future::pending::<()>().await;
    }
}
