//! `verify` over stores in which all is as it must be.

mod busy;
mod clean;
