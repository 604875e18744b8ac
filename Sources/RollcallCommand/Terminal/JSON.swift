/// A JSON value whose objects preserve the order of their members.
enum JSON: Sendable {
  case null
  case bool(Bool)
  case integer(Int)
  case number(Double)
  case string(String)
  case array([JSON])
  case object([(String, JSON)])

  /// `null` for nil.
  init(_ text: String?) { self = text.map { .string($0) } ?? .null }
  init(_ number: Int?) { self = number.map { .integer($0) } ?? .null }
  init(_ number: Double?) { self = number.map { .number($0) } ?? .null }

  /// The value on one line.
  var line: String {
    switch self {
    case .null: "null"
    case .bool(let value): value ? "true" : "false"
    case .integer(let value): "\(value)"
    case .number(let value): value.isFinite ? "\(value)" : "null"
    case .string(let text): text.quoted
    case .array(let items): "[" + items.map(\.line).joined(separator: ",") + "]"
    case .object(let members):
      "{" + members.map { $0.quoted + ":" + $1.line }.joined(separator: ",") + "}"
    }
  }

  /// The value on several lines: in lists of objects, one line per object.
  var text: String {
    guard case .object(let members) = self else { return line + "\n" }
    let lines = members.map { name, value in
      guard case .array(let items) = value, !items.isEmpty else { return "  \(name.quoted): \(value.line)" }
      return "  \(name.quoted): [\n" + items.map { "    " + $0.line }.joined(separator: ",\n") + "\n  ]"
    }
    return "{\n" + lines.joined(separator: ",\n") + "\n}\n"
  }
}
