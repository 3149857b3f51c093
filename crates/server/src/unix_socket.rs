//! The file of a Unix socket. It is created with a given mode, removed when the server ends, and
//! replaced only if nobody listens on it any more.

use std::{
    fs,
    io::{self, ErrorKind},
    os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt},
    path::{Path, PathBuf},
    time::SystemTime,
};

use tokio::net::{UnixListener, UnixSocket, UnixStream};

/// The number of connections that may wait to be accepted, the same as for TCP.
const BACKLOG: u32 = 1024;

/// The file of a socket that this process has created.
#[derive(Debug, Clone)]
pub(crate) struct SocketFile {
    path: PathBuf,
    identity: Identity,
}

/// The device, the inode and the creation time of a file. The time is needed because a new file may
/// get the inode of a removed one.
type Identity = (u64, u64, Option<SystemTime>);

/// Listens on a Unix socket at `path`, and sets the permissions of the socket's file to `mode`.
///
/// # Errors
/// Returns a sentence that describes the problem. A file that is not a socket, or a socket on which
/// a server is listening, causes an error and is left unchanged.
pub(crate) async fn bind(path: &Path, mode: u32) -> Result<(UnixListener, SocketFile), String> {
    let failed =
        |error: io::Error, advice: &str| Err(format!("cannot listen on unix:{}: {error}{advice}", path.display()));
    if let Err(error) = remove_stale(path).await {
        return failed(error, "");
    }
    let listen = || {
        let socket = UnixSocket::new_stream()?;
        socket.bind(path)?;
        // Clients can connect as soon as `listen` has been called, so set the mode before that.
        fs::set_permissions(path, fs::Permissions::from_mode(mode))?;
        let file = SocketFile { path: path.to_owned(), identity: identity(&fs::symlink_metadata(path)?) };
        Ok((socket.listen(BACKLOG)?, file))
    };
    listen().or_else(|error| failed(error, "; check that the directory exists and that you may write to it"))
}

/// Removes the socket at `path` if nobody is listening on it. A server that was killed leaves such
/// a file behind.
async fn remove_stale(path: &Path) -> io::Result<()> {
    let metadata = match fs::symlink_metadata(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        metadata => metadata?,
    };
    if !metadata.file_type().is_socket() {
        return Err(io::Error::new(ErrorKind::AlreadyExists, "there is a file that is not a socket"));
    }
    match UnixStream::connect(path).await {
        Ok(_) => Err(io::Error::new(ErrorKind::AddrInUse, "another server is listening there")),
        Err(error) if error.kind() == ErrorKind::ConnectionRefused => fs::remove_file(path),
        Err(error) => Err(error),
    }
}

impl SocketFile {
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Removes the file, unless another process has replaced it with its own.
    pub(crate) fn remove(&self) {
        if fs::symlink_metadata(&self.path).is_ok_and(|metadata| identity(&metadata) == self.identity) {
            let _ = fs::remove_file(&self.path);
        }
    }
}

fn identity(metadata: &fs::Metadata) -> Identity {
    (metadata.dev(), metadata.ino(), metadata.created().ok())
}
