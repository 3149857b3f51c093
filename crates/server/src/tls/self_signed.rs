//! `--tls-self-signed`: a certificate for trying out TLS, without a certificate authority.
//!
//! No client trusts a self-signed certificate by default, so the server writes its certificate to a
//! file, and prints commands that make clients trust that file. The private key stays in memory.

use std::{
    env, fs,
    io::Write,
    net::{IpAddr, SocketAddr},
    ops::RangeInclusive,
    path::PathBuf,
    time::{Duration, SystemTime},
};

use cli::create_new_file;
use rcgen::{CertificateParams, DistinguishedName, DnType, KeyPair, date_time_ymd};
use websocket::tls::Identity;

use super::expiry;
use crate::{access::AllowedHost, args::Args};

/// The number of days for which the certificate is valid: long enough to try something out. Some
/// clients reject a certificate that is valid for years.
const VALID_DAYS: u64 = 30;

/// The number of seconds in a day.
const DAY: u64 = 24 * 60 * 60;

/// How far the start of the certificate's validity is backdated, in case a client's clock is slow.
const VALID_BEFORE: Duration = Duration::from_secs(DAY);

/// The file with a self-signed certificate. The file is removed when this value is dropped.
#[derive(Debug)]
pub(crate) struct SelfSigned {
    file: PathBuf,
    validity: Option<RangeInclusive<SystemTime>>,
}

impl SelfSigned {
    /// Creates a certificate and its file.
    ///
    /// # Errors
    /// Returns a sentence that explains why the file cannot be written, or why no certificate can
    /// be created for these hosts.
    pub(super) fn create(args: &Args) -> Result<(Identity, Self), String> {
        let (certificate, key) =
            generate(names(args)).map_err(|error| format!("cannot create a certificate: {error}"))?;
        let identity = Identity::from_pem(&certificate, key).map_err(|error| error.to_string())?;
        // Use a random name, because other users might be able to write to this directory, and
        // several servers can run at the same time.
        let file = env::temp_dir().join(format!("websocket-server-{:08x}.pem", rand::random::<u32>()));
        create_new_file(&file)
            .and_then(|mut created| created.write_all(certificate.as_bytes()))
            .map_err(|error| format!("cannot write the certificate to {}: {error}", file.display()))?;
        let validity = identity.validity();
        Ok((identity, Self { file, validity }))
    }

    /// Warns before the certificate expires.
    pub(super) async fn watch(&self) {
        expiry::log(self.validity.clone(), "the self-signed certificate", "start the server again").await;
    }

    /// Returns the lines that explain how to make a client trust the certificate of a server at
    /// this address.
    pub(crate) fn advice(&self, address: SocketAddr) -> String {
        let file = self.file.display();
        let host =
            if address.ip().is_unspecified() { format!("localhost:{}", address.port()) } else { address.to_string() };
        format!(
            "the certificate is only for trying out; clients trust it with one of these:\n  \
             cargo run -p client -- --tls-ca {file} wss://{host}/\n  \
             curl --cacert {file} https://{host}/\n  \
             wscat --ca {file} --connect wss://{host}/\n\
             a browser warns before it opens https://{host}/"
        )
    }
}

impl Drop for SelfSigned {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.file);
    }
}

/// Returns the hosts for which the certificate is valid: `localhost` and its addresses, the address
/// that the server listens on, and the hosts given with `--allow-host`.
fn names(args: &Args) -> Vec<String> {
    let mut names = vec!["localhost".to_owned(), "127.0.0.1".to_owned(), "::1".to_owned()];
    let listen = args.listen.to_string().parse::<SocketAddr>().ok().map(|address| address.ip());
    names.extend(listen.filter(|address| !address.is_unspecified()).map(|address: IpAddr| address.to_string()));
    names.extend(args.allow_host.iter().filter_map(|host| match host {
        AllowedHost::Host(host) => Some(host.clone()),
        AllowedHost::Any => None,
    }));
    names.sort();
    names.dedup();
    names
}

/// Creates a certificate and its key, both in PEM.
fn generate(names: Vec<String>) -> Result<(String, String), rcgen::Error> {
    let mut params = CertificateParams::new(names)?;
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, "websonkets, self-signed");
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let at = |time: Duration| date_time_ymd(1970, 1, 1) + time;
    params.not_before = at(now.saturating_sub(VALID_BEFORE));
    params.not_after = at(now + Duration::from_secs(VALID_DAYS * DAY));
    let key = KeyPair::generate()?;
    Ok((params.self_signed(&key)?.pem(), key.serialize_pem()))
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[test]
    fn the_certificate_names_the_hosts_by_which_clients_reach_the_server() {
        let names = |arguments: &[&str]| names(&Args::parse_from([&["server"], arguments].concat()));
        let local = ["127.0.0.1", "::1", "localhost"];
        assert_eq!(names(&[]), local);
        // No client connects to `0.0.0.0`, so the certificate does not contain it.
        assert_eq!(names(&["--listen", "0.0.0.0:8080"]), local);
        assert_eq!(names(&["--listen", "192.0.2.1:8080"]), [&local[..1], &["192.0.2.1"], &local[1..]].concat());
        assert_eq!(names(&["--allow-host", "example.org"]), [&local[..2], &["example.org"], &local[2..]].concat());
    }

    #[test]
    fn the_certificate_is_valid_for_thirty_days_and_a_day_in_the_past() {
        let (certificate, key) = generate(vec!["localhost".to_owned()]).expect("a certificate");
        let identity = Identity::from_pem(certificate.as_bytes(), key.as_bytes()).expect("they belong together");
        let validity = identity.validity().expect("a certificate has dates");
        let (start, end) = validity.into_inner();
        assert_eq!(end.duration_since(start).expect("the end is later"), Duration::from_secs(31 * 86_400));
    }
}
