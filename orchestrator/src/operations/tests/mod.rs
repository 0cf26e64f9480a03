//! What people do, on a real database, with a machine that does as it is told.

mod alerts;
mod delivery;
mod enrolling;
mod installing;
mod isolation;
mod making;
mod planning;
mod sessions;
mod settings;
