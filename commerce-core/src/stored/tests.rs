mod golden;
mod laws;
mod samples;
mod strategies;
