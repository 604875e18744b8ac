/// The names in an SQL expression that may refer to columns, in their order, without duplicates.
///
/// It recognizes comments, literals and quoted names but no grammar, so the names of functions and types are
/// included: a caller that looks them up as columns finds those that exist.
public func namesInSQL(_ expression: String) -> [String] {
  var scanner = SQLNameScanner(Array(expression.unicodeScalars))
  var seen: Set<String> = []
  return scanner.names().filter { seen.insert($0).inserted }
}

private struct SQLNameScanner {
  private let text: [Unicode.Scalar]
  private var next = 0

  init(_ text: [Unicode.Scalar]) { self.text = text }

  mutating func names() -> [String] {
    var names: [String] = []
    while next < text.count {
      let scalar = text[next]
      switch scalar {
      case "'": skipLiteral()
      case "\"": names.append(quotedName())
      case "-" where following == "-": next = text[next...].firstIndex(of: "\n") ?? text.count
      case "/" where following == "*": skipComment()
      case "$" where dollarTag() != nil: skipDollarLiteral()
      default:
        if isStart(scalar) { names.append(name()) } else { next += 1 }
      }
    }
    return names
  }

  private var following: Unicode.Scalar? { next + 1 < text.count ? text[next + 1] : nil }

  private func isStart(_ scalar: Unicode.Scalar) -> Bool {
    scalar == "_" || scalar.value > 0x7F || scalar.properties.isAlphabetic
  }

  /// A name as PostgreSQL folds it.
  private mutating func name() -> String {
    let start = next
    while next < text.count, isStart(text[next]) || text[next] == "$" || ("0"..."9").contains(text[next]) { next += 1 }
    var folded = String.UnicodeScalarView()
    for scalar in text[start..<next] {
      let isUpper = ("A"..."Z").contains(scalar)
      folded.append(isUpper ? Unicode.Scalar(UInt8(scalar.value) + 32) : scalar)
    }
    return String(folded)
  }

  private mutating func quotedName() -> String {
    var name = String.UnicodeScalarView()
    next += 1
    while next < text.count {
      if text[next] == "\"" {
        guard following == "\"" else { break }
        next += 1
      }
      name.append(text[next])
      next += 1
    }
    next += 1
    return String(name)
  }

  /// Backslash escapes are recognized in literals that begin with E.
  private mutating func skipLiteral() {
    let hasEscapes = next > 0 && (text[next - 1] == "E" || text[next - 1] == "e")
    next += 1
    while next < text.count {
      if hasEscapes, text[next] == "\\" {
        next += 1
      } else if text[next] == "'" {
        guard following == "'" else { break }
        next += 1
      }
      next += 1
    }
    next += 1
  }

  /// Comments nest.
  private mutating func skipComment() {
    var depth = 0
    while next < text.count {
      if text[next] == "/", following == "*" {
        depth += 1
        next += 1
      } else if text[next] == "*", following == "/" {
        depth -= 1
        next += 1
      }
      next += 1
      if depth == 0 { return }
    }
  }

  /// The tag `$$` or `$name$`, if it begins here.
  private func dollarTag() -> [Unicode.Scalar]? {
    guard let end = text[(next + 1)...].firstIndex(of: "$") else { return nil }
    let inside = text[(next + 1)..<end]
    return inside.allSatisfy { isStart($0) || ("0"..."9").contains($0) } ? Array(text[next...end]) : nil
  }

  private mutating func skipDollarLiteral() {
    guard let tag = dollarTag() else { return }
    next += tag.count
    while next < text.count, !text[next...].starts(with: tag) { next += 1 }
    next += tag.count
  }
}
