//! Enabling GitHub Connect: a browser flow with two signed-in sides and terms to accept, for which no interface is documented
//! (facts 2 and 3). This crate knows the pages, decides the next step, and remembers what was done.
//!
//! [`pages`] holds every assumption about a page as one row with its source. [`flow`] is a pure machine: what is seen on a page
//! becomes the next action. [`journal`] keeps each step on disk before and after it is done. [`verify`] says what both sides prove.

pub mod browser;
pub mod flow;
pub mod journal;
pub mod pages;
pub mod verify;
