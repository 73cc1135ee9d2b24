//! Plans from outside: sources and baselines in, stored plans out; runs carried out on the store alone.

mod absence;
mod brakes;
mod delta;
mod document;
mod guards;
mod house;
mod names;
mod order;
mod preview;
mod pushed;
mod undo;
