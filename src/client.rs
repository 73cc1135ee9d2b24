//! What hosts hold: a target, its secrets, its pace.
