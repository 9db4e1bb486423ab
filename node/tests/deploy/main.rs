//! What lies in `deploy` beside the program, and that it speaks of the program as it is.

mod observed;
mod unit;
