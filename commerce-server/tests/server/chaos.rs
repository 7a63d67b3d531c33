//! Crashes under load: many callers at once, a killer, and an audit of what the files hold afterwards.

mod audit;
mod books;
mod killer;
mod kills;
mod load;
mod orders;
mod town;
