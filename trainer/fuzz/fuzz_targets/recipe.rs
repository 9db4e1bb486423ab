//! Any text as a recipe: if it is one, its canonical form is one and the same.
#![no_main]

use libfuzzer_sys::fuzz_target;
use trainer::recipe::Recipe;

fuzz_target!(|text: &str| {
    if let Ok(recipe) = Recipe::parse(text) {
        let again = Recipe::parse(&recipe.canonical()).expect("a canonical recipe is a recipe");
        assert_eq!(again.digest(), recipe.digest());
    }
});
