/// HTML that can be sent as it is.
///
/// A literal is trusted; an interpolation is where a value enters, and only its type decides how:
///
///     let cell: Markup = "<td>\(person.name)</td>"   // a String is escaped
///     let row: Markup = "<tr>\(cell)</tr>"           // Markup is not escaped twice
///
/// Nothing else compiles, and no String can become Markup but through here.
package struct Markup: Sendable, ExpressibleByStringInterpolation {
  package private(set) var html: String

  package init(stringLiteral text: String) { html = text }
  package init(stringInterpolation: StringInterpolation) { html = stringInterpolation.html }

  package struct StringInterpolation: StringInterpolationProtocol {
    fileprivate var html = ""

    package init(literalCapacity: Int, interpolationCount: Int) {
      html.reserveCapacity(literalCapacity + interpolationCount * 24)
    }

    package mutating func appendLiteral(_ literal: String) { html += literal }

    /// A value in text or between double quotes. What a reader cannot see is shown as an escape.
    package mutating func appendInterpolation(_ text: String) { html += Escape.html(text, .word) }

    /// A text of several lines, for an element that keeps them.
    package mutating func appendInterpolation(lines text: String) { html += Escape.html(text, .lines) }

    /// A value that a browser sends back, unchanged.
    package mutating func appendInterpolation(exact text: String) { html += Escape.html(text, .exact) }

    package mutating func appendInterpolation(_ markup: Markup?) { html += markup?.html ?? "" }

    package mutating func appendInterpolation(_ parts: [Markup]) { for part in parts { html += part.html } }

    /// Plain digits, for attributes; people are shown ``Int/grouped``.
    package mutating func appendInterpolation(digits number: Int) { html += String(number) }
  }
}
