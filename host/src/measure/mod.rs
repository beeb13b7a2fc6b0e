//! Running models and counting what they cost.
