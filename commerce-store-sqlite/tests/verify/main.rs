//! `verify` over files in which one thing is wrong.

mod corruptions;
mod damage;
mod goods;
mod keys;
mod money;
mod rows;
mod streams;
