internal import Postgres

/// The name of a table in PostgreSQL's syntax: `users`, `public.users`, `"HR"."User Accounts"`.
///
/// Unquoted parts are folded to lower case (PostgreSQL manual, 4.1.1 "Identifiers and Key Words").
package struct QualifiedName: Hashable, Sendable, CustomStringConvertible {
  /// nil: resolved by the search path.
  package var schema: String?
  package var name: String

  package init(schema: String?, name: String) {
    self.schema = schema
    self.name = name
  }

  /// Why a text is not a name; used in messages: `"a.b.c" has too many parts`.
  package struct Invalid: Error, Hashable, Sendable, CustomStringConvertible {
    package let description: String
  }

  /// Parses one or two parts, each plain or in double quotes (a double quote within is doubled).
  package init(parsing text: String) throws(Invalid) {
    let parts = try Self.parts(of: text)
    switch parts.count {
    case 1: self.init(schema: nil, name: parts[0])
    case 2: self.init(schema: parts[0], name: parts[1])
    default: throw Invalid(description: "has more parts than schema and table")
    }
  }

  /// Parses a single identifier, for example a column: `id`, `"User ID"`. Returns the name itself, without quotes.
  package static func identifier(parsing text: String) throws(Invalid) -> String {
    let parts = try parts(of: text)
    guard parts.count == 1 else { throw Invalid(description: "has more than one part") }
    return parts[0]
  }

  /// Quoted, for use in SQL: `"public"."users"`.
  package var sql: String {
    if let schema { "\(SQLText.identifier(schema)).\(SQLText.identifier(name))" } else { SQLText.identifier(name) }
  }

  package var description: String { sql }

  private static func parts(of text: String) throws(Invalid) -> [String] {
    var parts: [String] = []
    var rest = text.unicodeScalars[...]
    while true {
      let part: String
      if rest.first == "\"" {
        part = try takeQuoted(from: &rest)
      } else {
        part = try takePlain(from: &rest)
      }
      guard !part.isEmpty else { throw Invalid(description: "has an empty part") }
      guard part.utf8.count <= 63 else { throw Invalid(description: "has a part longer than 63 bytes") }
      parts.append(part)
      guard let next = rest.popFirst() else { return parts }
      guard next == "." else { throw Invalid(description: "has text after the closing quote") }
    }
  }

  private static func takeQuoted(from rest: inout Substring.UnicodeScalarView) throws(Invalid) -> String {
    var part = String.UnicodeScalarView()
    rest.removeFirst()
    while let scalar = rest.popFirst() {
      if scalar != "\"" {
        part.append(scalar)
      } else if rest.first == "\"" {
        part.append(scalar)
        rest.removeFirst()
      } else {
        return String(part)
      }
    }
    throw Invalid(description: "lacks a closing quote")
  }

  private static func takePlain(from rest: inout Substring.UnicodeScalarView) throws(Invalid) -> String {
    var part = String.UnicodeScalarView()
    while let scalar = rest.first, scalar != "." {
      guard isPlain(scalar, first: part.isEmpty) else {
        throw Invalid(description: "needs double quotes around other than letters, digits, _ and $")
      }
      part.append(folded(scalar))
      rest.removeFirst()
    }
    return String(part)
  }

  /// The characters that PostgreSQL's scan.l accepts without quotes: `[A-Za-z\200-\377_][A-Za-z\200-\377_0-9\$]*`.
  private static func isPlain(_ scalar: Unicode.Scalar, first: Bool) -> Bool {
    switch scalar {
    case "a"..."z", "A"..."Z", "_", "\u{80}"...: true
    case "0"..."9", "$": !first
    default: false
    }
  }

  /// Only ASCII is folded, as PostgreSQL does in a multi-byte encoding.
  private static func folded(_ scalar: Unicode.Scalar) -> Unicode.Scalar {
    guard ("A"..."Z").contains(scalar) else { return scalar }
    return Unicode.Scalar(UInt8(scalar.value) + 32)
  }
}
