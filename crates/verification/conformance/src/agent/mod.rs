//! The client that the suite tests. The client asks for the number of cases, then connects once for
//! each case and echoes everything that arrives.
//!
//! ```text
//!   /getCaseCount                    a message: the number of cases
//!   /runCase?case=1&agent=NAME       the case, from its opening handshake to its end
//!   ...
//!   /updateReports?agent=NAME        the suite writes its reports
//! ```

mod http2;
mod hyper;
mod ours;
mod tungstenite;

use crate::implementation::Implementation;

/// Runs all cases. `url` is the suite's address with a slash at the end.
///
/// An error in a case does not end the run. Such errors are expected, because the suite breaks
/// rules on purpose and rates the client's reaction.
///
/// # Errors
/// Fails if the suite cannot be reached, or if it does not send the number of cases.
pub async fn run(of: Implementation, url: &str) -> Result<(), String> {
    let name = of.name();
    let mut client = Client::new(of).await?;
    let count = client.open(&format!("{url}getCaseCount")).await?;
    let count = count.ok_or("the suite did not send the number of cases")?;
    let count: u32 = count.parse().map_err(|_| format!("the number of cases is {count:?}"))?;
    for number in 1..=count {
        client.open(&format!("{url}runCase?case={number}&agent={name}")).await?;
    }
    client.open(&format!("{url}updateReports?agent={name}")).await?;
    Ok(())
}

/// The client of an implementation.
enum Client {
    Ours,
    Hyper,
    Http2(http2::Client),
    Tungstenite,
}

impl Client {
    async fn new(of: Implementation) -> Result<Self, String> {
        Ok(match of {
            Implementation::Ours => Self::Ours,
            Implementation::Hyper => Self::Hyper,
            Implementation::Http2 => Self::Http2(http2::Client::connect().await?),
            Implementation::Tungstenite => Self::Tungstenite,
            Implementation::Ws => return Err("the agent on ws is a separate program: ws/agent.mjs".to_owned()),
        })
    }

    /// Opens a connection and echoes all messages until the connection ends. Returns the first
    /// message, if it is text.
    async fn open(&mut self, url: &str) -> Result<Option<String>, String> {
        match self {
            Self::Ours => ours::echo(url).await,
            Self::Hyper => hyper::echo(url).await,
            Self::Http2(client) => client.echo(url).await,
            Self::Tungstenite => tungstenite::echo(url).await,
        }
    }
}
