//! Close codes as numbers, under the names that axum gives them. [`websocket::CloseCode`] describes
//! them.

use websocket::CloseCode as Code;

/// 1000: the connection has served its purpose.
pub const NORMAL: u16 = Code::NORMAL.0;
/// 1001: the server is shutting down, or the user is leaving the page.
pub const AWAY: u16 = Code::GOING_AWAY.0;
/// 1002: the peer broke a rule of the protocol.
pub const PROTOCOL: u16 = Code::PROTOCOL_ERROR.0;
/// 1003: the peer sent a kind of data that this endpoint does not accept.
pub const UNSUPPORTED: u16 = Code::UNSUPPORTED_DATA.0;
/// 1005: the Close frame had no code. Never sent.
pub const STATUS: u16 = Code::NO_STATUS_RECEIVED.0;
/// 1006: no Close frame arrived. Never sent.
pub const ABNORMAL: u16 = Code::ABNORMAL_CLOSURE.0;
/// 1007: the peer sent data that does not match its type.
pub const INVALID: u16 = Code::INVALID_DATA.0;
/// 1008: the peer violated a policy.
pub const POLICY: u16 = Code::POLICY_VIOLATION.0;
/// 1009: a message is too big to handle.
pub const SIZE: u16 = Code::MESSAGE_TOO_BIG.0;
/// 1010: the client needs an extension that the server did not accept.
pub const EXTENSION: u16 = Code::MANDATORY_EXTENSION.0;
/// 1011: an unexpected condition prevents this endpoint from continuing.
pub const ERROR: u16 = Code::INTERNAL_ERROR.0;
/// 1012: the service is restarting.
pub const RESTART: u16 = Code::SERVICE_RESTART.0;
/// 1013: the server is overloaded.
pub const AGAIN: u16 = Code::TRY_AGAIN_LATER.0;
