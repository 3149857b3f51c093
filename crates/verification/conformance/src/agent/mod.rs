//! The client that the suite tests. The client asks for the number of cases, then connects once for
//! each case and echoes everything that arrives.
//!
//! ```text
//!   /getCaseCount                    a message: the number of cases
//!   /runCase?case=1&agent=NAME       the case, from its opening handshake to its end
//!   ...
//!   /updateReports?agent=NAME        the suite writes its reports
//! ```

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
    let count = open(of, &format!("{url}getCaseCount")).await?;
    let count = count.ok_or("the suite did not send the number of cases")?;
    let count: u32 = count.parse().map_err(|_| format!("the number of cases is {count:?}"))?;
    for number in 1..=count {
        open(of, &format!("{url}runCase?case={number}&agent={name}")).await?;
    }
    open(of, &format!("{url}updateReports?agent={name}")).await?;
    Ok(())
}

/// Opens a connection and echoes all messages until the connection ends. Returns the first message,
/// if it is text.
async fn open(of: Implementation, url: &str) -> Result<Option<String>, String> {
    match of {
        Implementation::Ours => ours::echo(url).await,
        Implementation::Hyper => hyper::echo(url).await,
        Implementation::Tungstenite => tungstenite::echo(url).await,
        Implementation::Ws => Err("the agent on ws is a separate program: ws/agent.mjs".to_owned()),
    }
}
