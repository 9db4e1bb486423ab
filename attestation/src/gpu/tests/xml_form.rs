//! The XML that manifests are written in.

use super::*;
use crate::gpu::c14n::{document, scope};
use crate::gpu::xml::{BadXml, Element, parse};

fn canonical(text: &str) -> String {
    let root = parse(text.as_bytes()).unwrap();
    let nothing = Element {
        name: String::new(),
        attributes: Vec::new(),
        children: Vec::new(),
    };
    document(&root, &nothing).unwrap()
}

/// The parts of the W3C's example 3.3 that this subset can say.
#[test]
fn start_and_end_tags_are_normalised_as_the_w3c_says() {
    let given = r#"<doc>
   <e1   />
   <e2   ></e2>
   <e3   name = "elem3"   id="elem3"   />
   <e4   name="elem4"   id="elem4"   ></e4>
   <e5 a:attr="out" b:attr="sorted" attr2="all" attr="I'm"
  xmlns:b="http://www.ietf.org"
  xmlns:a="http://www.w3.org"
  xmlns="http://example.org"/>
</doc>"#;
    let expected = r#"<doc>
   <e1></e1>
   <e2></e2>
   <e3 id="elem3" name="elem3"></e3>
   <e4 id="elem4" name="elem4"></e4>
   <e5 xmlns="http://example.org" xmlns:a="http://www.w3.org" xmlns:b="http://www.ietf.org" attr="I'm" attr2="all" b:attr="sorted" a:attr="out"></e5>
</doc>"#;

    assert_eq!(canonical(given), expected);
}

#[test]
fn a_namespace_is_written_where_it_first_differs() {
    let given = r#"<a xmlns:p="u:1"><p:b xmlns:p="u:1"><p:c xmlns:p="u:2"/></p:b></a>"#;
    let expected = r#"<a xmlns:p="u:1"><p:b><p:c xmlns:p="u:2"></p:c></p:b></a>"#;

    assert_eq!(canonical(given), expected);
}

#[test]
fn what_genuine_files_do_not_contain_is_refused() {
    let foreign = [
        "<a>&amp;</a>",
        "<a b='&#10;'/>",
        "<!DOCTYPE a [<!ENTITY x 'y'>]><a/>",
        "<a><!-- c --></a>",
        "<a><![CDATA[x]]></a>",
        "<a><?p x?></a>",
        "<a>\r\n</a>",
        "<a>\t</a>",
        "<a>\u{e9}</a>",
        "<a b='\"'/>",
        "<a b=\"x\ny\"/>",
        "<a>]]></a>",
        "<a/><b/>",
        "<a/>text",
        "<a>",
        "<a></b>",
        "<a b=\"1\" b=\"2\"/>",
        "<a:b:c/>",
        "",
    ];

    for text in foreign {
        assert!(parse(text.as_bytes()).is_err(), "{text}");
    }
}

#[test]
fn depth_and_length_are_bounded() {
    let deep = "<a>".repeat(17);
    let long = " ".repeat(512 * 1024 + 1);

    assert_eq!(parse(deep.as_bytes()), Err(BadXml::Depth));
    assert!(matches!(parse(long.as_bytes()), Err(BadXml::TooLong(_))));
}

#[test]
fn a_declaration_before_the_root_is_not_part_of_it() {
    let text = "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<a/>";

    assert_eq!(canonical(text), "<a></a>");
}

#[test]
fn namespaces_may_not_be_unbound_or_xmls_own() {
    for text in [
        r#"<a xmlns=""/>"#,
        r#"<a xmlns:p=""/>"#,
        r#"<a xmlns:xml="http://www.w3.org/XML/1998/namespace"/>"#,
        r#"<a xmlns:xmlfoo="u"/>"#,
    ] {
        let root = parse(text.as_bytes()).unwrap();

        assert!(
            scope(&root, &std::collections::BTreeMap::new()).is_err(),
            "{text}"
        );
    }
}

proptest! {
    #[test]
    fn no_text_makes_the_manifest_reader_panic(text in "[<>/a-c:=\"' xmlns?!&\\n]{0,200}") {
        drop(Rim::parse(text.as_bytes()));
    }
}
