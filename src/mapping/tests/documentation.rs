//! The mappings in docs/mapping.md are mappings.

use super::*;

#[test]
fn every_example_of_the_documentation_compiles() {
    let page = include_str!("../../../docs/mapping.md");
    let examples: Vec<&str> = page
        .split("```json\n")
        .skip(1)
        .filter_map(|rest| rest.split_once("```"))
        .map(|(example, _)| example)
        .collect();
    assert_eq!(examples.len(), 4);
    for example in examples {
        let mut json: serde_json::Value = serde_json::from_str(example).unwrap();
        for (key, column) in [("externalId", "Id"), ("userName", "Name"), ("active", "On")] {
            json.as_object_mut().unwrap().entry(key).or_insert(column.into());
        }
        let mapping = Mapping::parse(json.to_string().as_bytes(), &MappingOptions::default());
        let mapping = mapping.unwrap_or_else(|error| panic!("{error}\n{example}"));
        assert!(mapping.warnings().is_empty(), "{:?}", mapping.warnings());
        mapping.compile(&Columns::growing(&mapping.columns())).unwrap();
    }
}
