//! WSDL 1.1, document/literal wrapped, with the header fields of the exchange's message protocol and the purpose, without which
//! no register answers. It is whole: nobody need reach another site to read it.

use super::{Answered, answered, asked};
use crate::schema::{DataService, FieldType, Schema};
use formats::identifier::IDENTIFIERS;
use formats::soap::{EXCHANGE, HEADERS};
use formats::xml::{escape, escape_attribute};

/// The header fields of a question (message protocol §2.1); `issue` is the case, if there is one.
const FIELDS: [&str; 6] = ["client", "service", "id", "userId", "issue", "protocolVersion"];
/// The types of identifiers, by the names that the protocol's own schema gives them, in groups of mandatory and optional parts.
const IDENTIFIER_TYPES: [(&str, &[(&str, bool)]); 2] = [
    (
        "XRoadClientIdentifierType",
        &[("xRoadInstance", true), ("memberClass", true), ("memberCode", true), ("subsystemCode", false)],
    ),
    (
        "XRoadServiceIdentifierType",
        &[
            ("xRoadInstance", true),
            ("memberClass", true),
            ("memberCode", true),
            ("subsystemCode", false),
            ("serviceCode", true),
            ("serviceVersion", false),
        ],
    ),
];

pub(super) fn document(schema: &Schema, service: &DataService) -> String {
    let name = &service.code;
    let question: String =
        asked(schema, service).iter().map(|(code, kind, optional)| element(code, Some(kind), *optional)).collect();
    let answer = match answered(schema, service) {
        Answered::One(fields) => fields.iter().map(|(code, kind)| element(code, *kind, true)).collect(),
        Answered::Many(fields) => {
            let columns: String = fields.iter().map(|(code, kind)| element(code, *kind, true)).collect();
            row(&columns)
        }
        Answered::Open => "<xs:any minOccurs=\"0\" maxOccurs=\"unbounded\" processContents=\"skip\"/>".to_owned(),
    };
    let wrapped = |name: &str, inside: &str| {
        format!(
            "<xs:element name=\"{name}\"><xs:complexType><xs:sequence>{inside}</xs:sequence>\
             <xs:attribute name=\"rows\" type=\"xs:int\"/></xs:complexType></xs:element>"
        )
    };
    let types = wrapped(name, &question) + &wrapped(&format!("{name}Response"), &answer);
    let headers: String =
        FIELDS.iter().map(|field| format!("<wsdl:part name=\"{field}\" element=\"xroad:{field}\"/>")).collect();
    let bound: String = FIELDS
        .iter()
        .chain(&["purpose"])
        .map(|field| format!("<soap:header message=\"tns:requestHeader\" part=\"{field}\" use=\"literal\"/>"))
        .collect();
    let identifiers = identifiers();
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <wsdl:definitions name=\"{name}\" targetNamespace=\"{EXCHANGE}\" xmlns:tns=\"{EXCHANGE}\" \
         xmlns:wsdl=\"http://schemas.xmlsoap.org/wsdl/\" xmlns:soap=\"http://schemas.xmlsoap.org/wsdl/soap/\" \
         xmlns:xs=\"http://www.w3.org/2001/XMLSchema\" xmlns:xroad=\"{HEADERS}\" xmlns:id=\"{IDENTIFIERS}\">\
         <wsdl:documentation>{documentation}</wsdl:documentation>\
         <wsdl:types>{identifiers}<xs:schema targetNamespace=\"{HEADERS}\" elementFormDefault=\"qualified\">\
         <xs:import namespace=\"{IDENTIFIERS}\"/>\
         <xs:element name=\"client\" type=\"id:XRoadClientIdentifierType\"/>\
         <xs:element name=\"service\" type=\"id:XRoadServiceIdentifierType\"/><xs:element name=\"id\" type=\"xs:string\"/>\
         <xs:element name=\"userId\" type=\"xs:string\"/><xs:element name=\"issue\" type=\"xs:string\"/>\
         <xs:element name=\"protocolVersion\" type=\"xs:string\"/></xs:schema>\
         <xs:schema targetNamespace=\"{EXCHANGE}\" elementFormDefault=\"unqualified\">{types}\
         <xs:element name=\"purpose\" type=\"xs:string\"/></xs:schema></wsdl:types>\
         <wsdl:message name=\"requestHeader\">{headers}<wsdl:part name=\"purpose\" element=\"tns:purpose\"/></wsdl:message>\
         <wsdl:message name=\"{name}\"><wsdl:part name=\"body\" element=\"tns:{name}\"/></wsdl:message>\
         <wsdl:message name=\"{name}Response\"><wsdl:part name=\"body\" element=\"tns:{name}Response\"/></wsdl:message>\
         <wsdl:portType name=\"{name}PortType\"><wsdl:operation name=\"{name}\">\
         <wsdl:input message=\"tns:{name}\"/><wsdl:output message=\"tns:{name}Response\"/></wsdl:operation></wsdl:portType>\
         <wsdl:binding name=\"{name}Binding\" type=\"tns:{name}PortType\">\
         <soap:binding style=\"document\" transport=\"http://schemas.xmlsoap.org/soap/http\"/>\
         <wsdl:operation name=\"{name}\"><soap:operation soapAction=\"\"/><xroad:version xmlns:xroad=\"{HEADERS}\">{version}\
         </xroad:version><wsdl:input><soap:body parts=\"body\" use=\"literal\"/>{bound}</wsdl:input>\
         <wsdl:output><soap:body parts=\"body\" use=\"literal\"/>{bound}</wsdl:output></wsdl:operation></wsdl:binding>\
         <wsdl:service name=\"{name}Service\"><wsdl:port name=\"{name}Port\" binding=\"tns:{name}Binding\">\
         <soap:address location=\"http://localhost/soap\"/></wsdl:port></wsdl:service></wsdl:definitions>\n",
        documentation = escape(&service.name.en),
        version = escape(&service.version),
    )
}

/// Identifiers as the protocol writes them.
fn identifiers() -> String {
    let types = IDENTIFIER_TYPES.iter().map(|(name, parts)| {
        let parts: String = parts
            .iter()
            .map(|(part, needed)| {
                let occurs = if *needed { "" } else { " minOccurs=\"0\"" };
                format!("<xs:element name=\"{part}\" type=\"xs:string\"{occurs}/>")
            })
            .collect();
        format!(
            "<xs:complexType name=\"{name}\"><xs:sequence>{parts}</xs:sequence>\
             <xs:attribute ref=\"id:objectType\" use=\"required\"/></xs:complexType>"
        )
    });
    format!(
        "<xs:schema targetNamespace=\"{IDENTIFIERS}\" elementFormDefault=\"qualified\">\
         <xs:attribute name=\"objectType\" type=\"xs:string\"/>{}</xs:schema>",
        types.collect::<String>()
    )
}

fn row(columns: &str) -> String {
    format!(
        "<xs:element name=\"row\" minOccurs=\"0\" maxOccurs=\"unbounded\"><xs:complexType><xs:sequence>{columns}\
         </xs:sequence></xs:complexType></xs:element>"
    )
}

fn element(code: &str, kind: Option<&FieldType>, optional: bool) -> String {
    let occurs = if optional { " minOccurs=\"0\"" } else { "" };
    let name = escape_attribute(code);
    match kind {
        None => format!("<xs:element name=\"{name}\" type=\"xs:anySimpleType\"{occurs}/>"),
        Some(FieldType::Enum { options }) => {
            let values: String = options
                .iter()
                .map(|(code, _)| format!("<xs:enumeration value=\"{}\"/>", escape_attribute(code)))
                .collect();
            format!(
                "<xs:element name=\"{name}\"{occurs}><xs:simpleType><xs:restriction base=\"xs:string\">{values}\
                 </xs:restriction></xs:simpleType></xs:element>"
            )
        }
        // The exchange writes a list of this name as rows that follow each other.
        Some(FieldType::Rows { columns }) if code == "rows" => {
            let inside: String =
                columns.iter().map(|column| element(&column.code, Some(&column.kind), column.optional)).collect();
            row(&inside)
        }
        Some(FieldType::Rows { columns }) => {
            let inside: String =
                columns.iter().map(|column| element(&column.code, Some(&column.kind), column.optional)).collect();
            format!(
                "<xs:element name=\"{name}\"{occurs}><xs:complexType><xs:sequence><xs:element name=\"item\" minOccurs=\"0\" \
                 maxOccurs=\"unbounded\"><xs:complexType><xs:sequence>{inside}</xs:sequence></xs:complexType></xs:element>\
                 </xs:sequence><xs:attribute name=\"list\" type=\"xs:boolean\"/></xs:complexType></xs:element>"
            )
        }
        Some(kind) => format!("<xs:element name=\"{name}\" type=\"{}\"{occurs}/>", simple(kind)),
    }
}

fn simple(kind: &FieldType) -> &'static str {
    match kind {
        FieldType::Date => "xs:date",
        FieldType::Bool => "xs:boolean",
        FieldType::Money | FieldType::Integer { .. } => "xs:integer",
        _ => "xs:string",
    }
}
