import Foundation

/// A value of JSON that keeps truth and numbers apart.
enum JSONValue: Decodable, Hashable {
  case null
  case bool(Bool)
  case number(Double)
  case string(String)
  case array([JSONValue])
  case object([String: JSONValue])

  init(from decoder: any Decoder) throws {
    let value = try decoder.singleValueContainer()
    if value.decodeNil() {
      self = .null
    } else if let bool = try? value.decode(Bool.self) {
      self = .bool(bool)
    } else if let number = try? value.decode(Double.self) {
      self = .number(number)
    } else if let string = try? value.decode(String.self) {
      self = .string(string)
    } else if let array = try? value.decode([JSONValue].self) {
      self = .array(array)
    } else {
      self = .object(try value.decode([String: JSONValue].self))
    }
  }

  init(parsing text: String) throws { self = try JSONDecoder().decode(JSONValue.self, from: Data(text.utf8)) }

  subscript(key: String) -> JSONValue? { fields[key] }

  var fields: [String: JSONValue] { if case .object(let fields) = self { fields } else { [:] } }
  var elements: [JSONValue] { if case .array(let elements) = self { elements } else { [] } }
  var text: String? { if case .string(let text) = self { text } else { nil } }
  var count: Int? { if case .number(let number) = self { Int(number) } else { nil } }

  func isOf(type: String?) -> Bool {
    switch (self, type) {
    case (.null, "null"), (.bool, "boolean"), (.number, "number"), (.string, "string"), (.array, "array"),
      (.object, "object"):
      true
    case (.number(let number), "integer"): number == number.rounded()
    default: false
    }
  }
}

/// As much of JSON Schema (draft 2020-12) as the configuration's uses; a keyword beyond that is an error.
struct JSONSchema {
  struct UnknownKeyword: Error { var name: String }

  let root: JSONValue

  func accepts(_ value: JSONValue) throws -> Bool { try accepts(value, root) }

  /// The schema itself, or the one that it refers to.
  func resolved(_ schema: JSONValue) -> JSONValue {
    guard let name = schema["$ref"]?.text?.split(separator: "/").last else { return schema }
    return root["$defs"]?[String(name)] ?? schema
  }

  private func accepts(_ value: JSONValue, _ schema: JSONValue) throws -> Bool {
    try schema.fields.allSatisfy { keyword, wanted in try satisfies(value, keyword, wanted, schema) }
  }

  private func satisfies(
    _ value: JSONValue, _ keyword: String, _ wanted: JSONValue, _ schema: JSONValue
  ) throws -> Bool {
    switch keyword {
    case "$schema", "$defs", "title", "description": return true
    case "$ref": return try accepts(value, resolved(schema))
    case "type":
      let types = wanted.text.map { [JSONValue.string($0)] } ?? wanted.elements
      return types.contains { value.isOf(type: $0.text) }
    case "enum": return wanted.elements.contains(value)
    case "anyOf": return try wanted.elements.contains { try accepts(value, $0) }
    case "not": return try !accepts(value, wanted)
    case "minimum": return value.count.map { $0 >= wanted.count ?? 0 } ?? true
    case "pattern":
      guard let text = value.text else { return true }
      return try text.firstMatch(of: Regex(wanted.text ?? "")) != nil
    default: return try holds(value, keyword, wanted, schema)
    }
  }

  /// What is said of lists and mappings, which other values satisfy.
  private func holds(
    _ value: JSONValue, _ keyword: String, _ wanted: JSONValue, _ schema: JSONValue
  ) throws -> Bool {
    let fields = value.fields
    switch keyword {
    case "required": return !value.isOf(type: "object") || wanted.elements.allSatisfy { fields[$0.text ?? ""] != nil }
    case "minProperties": return !value.isOf(type: "object") || fields.count >= wanted.count ?? 0
    case "maxProperties": return fields.count <= wanted.count ?? 0
    case "propertyNames": return try fields.keys.allSatisfy { try accepts(.string($0), wanted) }
    case "properties":
      return try wanted.fields.allSatisfy { key, schema in try fields[key].map { try accepts($0, schema) } ?? true }
    case "additionalProperties":
      let others = fields.filter { schema["properties"]?[$0.key] == nil }
      return wanted == .bool(false) ? others.isEmpty : try others.values.allSatisfy { try accepts($0, wanted) }
    case "items": return try value.elements.allSatisfy { try accepts($0, wanted) }
    case "minItems": return !value.isOf(type: "array") || value.elements.count >= wanted.count ?? 0
    default: throw UnknownKeyword(name: keyword)
    }
  }
}
