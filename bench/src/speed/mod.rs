//! This program and its peers, measured in turn under the same latency, and the page that says how it went.
//!
//! [`contest`] knows how each program is asked and when it says yes; [`worlds`] builds what they are asked about;
//! [`run`] measures; [`figures`] holds what came out and judges the bars; [`page`] writes it down.

pub mod accounts;
pub mod contest;
pub mod figures;
pub mod page;
pub mod run;
pub mod worlds;
