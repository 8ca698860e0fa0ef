//! What the engine promises, proved with checks and facts that do what they are told.

mod cuts;
mod facts;
mod fake;
mod gate;
mod leisure;
mod parked;
mod replay;
mod states;
