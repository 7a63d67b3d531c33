//! Crashes and full disks under load: many callers at once, who does harm to the processes, and an audit of what the files hold
//! afterwards.

mod audit;
mod books;
mod dropped;
mod full;
mod killer;
mod kills;
mod load;
mod orders;
mod town;
