/// One line of LDIF: unfolded, decoded.
struct LDIFLine {
  /// The number of its first line in the text, from 1.
  let number: Int
  /// The text before the colon; empty for a separator, `-` for the end of a modification.
  let name: String
  let value: [UInt8]

  /// An empty line.
  static func separator(number: Int) -> LDIFLine { LDIFLine(number: number, name: "", value: []) }

  var isSeparator: Bool { name.isEmpty }
  var isDash: Bool { name == "-" }
  var text: String? { String(validating: value, as: UTF8.self) }

  /// The lines of a text without its comments; LF or CRLF ends a line, a leading space continues it.
  static func lines(of text: String) throws(InvalidLDIF) -> [LDIFLine] {
    var lines: [LDIFLine] = []
    var folded: (number: Int, bytes: [UInt8])?
    var number = 0
    for part in text.utf8.split(separator: ASCII.lineFeed, omittingEmptySubsequences: false) {
      number += 1
      let line = part.last == ASCII.carriageReturn ? part.dropLast() : part
      if line.first == ASCII.space {
        guard folded?.bytes.isEmpty == false else {
          throw InvalidLDIF(line: number, reason: "there is no line to continue")
        }
        folded?.bytes += line.dropFirst()
        continue
      }
      if let folded, let line = try LDIFLine(folded.number, folded.bytes[...]) { lines.append(line) }
      folded = (number, Array(line))
    }
    if let folded, let line = try LDIFLine(folded.number, folded.bytes[...]) { lines.append(line) }
    return lines
  }

  private init(number: Int, name: String, value: [UInt8]) {
    self.number = number
    self.name = name
    self.value = value
  }

  /// Nil for a comment.
  private init?(_ number: Int, _ line: ArraySlice<UInt8>) throws(InvalidLDIF) {
    self.number = number
    guard let first = line.first else {
      (name, value) = ("", [])
      return
    }
    if first == ASCII.hash { return nil }
    if first == ASCII.hyphen, line.dropFirst().allSatisfy({ $0 == ASCII.space }) {
      (name, value) = ("-", [])
      return
    }
    guard let colon = line.firstIndex(of: ASCII.colon), colon > line.startIndex,
      line[..<colon].allSatisfy({ $0.isNameCharacter || $0 == ASCII.semicolon }),
      first.isASCIILetter || first.isASCIIDigit
    else { throw InvalidLDIF(line: number, reason: "a name and a colon are expected") }
    name = String(decoding: line[..<colon], as: UTF8.self)
    let rest = line[(colon + 1)...]
    switch rest.first {
    case ASCII.colon:
      guard let decoded = Base64.decode(rest.dropFirst().drop { $0 == ASCII.space }) else {
        throw InvalidLDIF(line: number, reason: "the value is no base64")
      }
      value = decoded
    case ASCII.less: throw InvalidLDIF(line: number, reason: "values from files are not supported")
    default: value = Array(rest.drop { $0 == ASCII.space })
    }
  }
}
