//! The provider node: one conductor, its ports, and the services around it.
