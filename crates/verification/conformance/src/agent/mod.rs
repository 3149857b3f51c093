//! The client that the suite judges: it asks how many cases there are, then connects once for each and echoes all that
//! arrives.
//!
//! ```text
//!   /getCaseCount                    a message: the number of cases
//!   /runCase?case=1&agent=NAME       the case, from its opening handshake to its end
//!   ...
//!   /updateReports?agent=NAME        write down what was judged
//! ```

mod ours;
mod tungstenite;

use crate::implementation::Implementation;

/// Goes through all the cases. `url` is the suite's, with a slash at the end.
///
/// How a case goes is for the suite to judge. It breaks rules on purpose, and errors are what is wanted then.
///
/// # Errors
/// When the suite is not there, or says nothing of use.
pub async fn run(of: Implementation, url: &str) -> Result<(), String> {
    let name = of.name();
    let count = open(of, &format!("{url}getCaseCount")).await?;
    let count = count.ok_or("the suite does not say how many cases there are")?;
    let count: u32 = count.parse().map_err(|_| format!("{count:?} cases?"))?;
    for number in 1..=count {
        open(of, &format!("{url}runCase?case={number}&agent={name}")).await?;
    }
    open(of, &format!("{url}updateReports?agent={name}")).await?;
    Ok(())
}

/// Echoes on a connection of its own until it ends; gives the first message, if it was a text.
async fn open(of: Implementation, url: &str) -> Result<Option<String>, String> {
    match of {
        Implementation::Ours => ours::echo(url).await,
        Implementation::Tungstenite => tungstenite::echo(url).await,
        Implementation::Ws => Err("the agent on ws is a program of its own: ws/agent.mjs".to_owned()),
    }
}
