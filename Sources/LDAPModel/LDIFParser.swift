extension LDIF {
  public enum Record: Hashable, Sendable {
    /// A content record.
    case entry(Entry)
    /// A change record.
    case change(Operation)
  }

  /// Parses content and change records (RFC 2849). Comments are dropped; values from files (`attribute:< URL`) and
  /// controls are refused.
  public static func parse(_ text: String) throws(InvalidLDIF) -> [Record] {
    var lines = try LDIFLine.lines(of: text)[...]
    if lines.first?.name == "version" {
      guard lines.first?.text == "1" else { throw invalid(lines.first, "only version 1 is known") }
      lines.removeFirst()
    }
    var records: [Record] = []
    while true {
      lines = lines.drop(while: \.isSeparator)
      guard !lines.isEmpty else { return records }
      let end = lines.firstIndex(where: \.isSeparator) ?? lines.endIndex
      var parser = LDIFRecordParser(lines: lines[..<end])
      records.append(try parser.record())
      lines = lines[end...]
    }
  }

  fileprivate static func invalid(_ line: LDIFLine?, _ reason: String) -> InvalidLDIF {
    InvalidLDIF(line: line?.number ?? 1, reason: reason)
  }
}

/// Why a text is not LDIF.
public struct InvalidLDIF: Error, Hashable, Sendable, CustomStringConvertible {
  /// The line number in the text, from 1.
  public let line: Int
  public let reason: String

  public var description: String { "LDIF line \(line): \(reason)" }
}

/// Parses the lines of one record.
private struct LDIFRecordParser {
  private var lines: ArraySlice<LDIFLine>
  private var last: LDIFLine?

  init(lines: ArraySlice<LDIFLine>) {
    self.lines = lines
  }

  mutating func record() throws(InvalidLDIF) -> LDIF.Record {
    let dn = try name(try take("dn"))
    guard lines.first?.name != "control" else {
      throw LDIF.invalid(lines.first, "controls are not supported")
    }
    guard lines.first?.name == "changetype" else { return .entry(Entry(dn, try attributes())) }
    let operation: Operation
    switch try take("changetype").text {
    case "add": operation = .add(dn, try attributes())
    case "modify": operation = .modify(dn, try modifications())
    case "delete": operation = .delete(dn)
    case "modrdn", "moddn": operation = try rename(dn)
    default: throw invalid("this type of change is not known")
    }
    guard lines.isEmpty else { throw LDIF.invalid(lines.first, "the record has ended") }
    return .change(operation)
  }

  private mutating func attributes() throws(InvalidLDIF) -> [Attribute] {
    var attributes: [Attribute] = []
    var positions: [String: Int] = [:]
    while let line = takeAny() {
      guard !line.isDash else { throw invalid("an attribute is expected") }
      let position = positions[loweringASCII(line.name)] ?? attributes.count
      if position == attributes.count {
        attributes.append(Attribute(line.name, []))
        positions[loweringASCII(line.name)] = position
      }
      attributes[position].values.append(AttributeValue(bytes: line.value))
    }
    return attributes
  }

  private mutating func modifications() throws(InvalidLDIF) -> [Modification] {
    var modifications: [Modification] = []
    while let line = takeAny() {
      let kind: Modification.Kind
      switch line.name {
      case "add": kind = .add
      case "delete": kind = .delete
      case "replace": kind = .replace
      default: throw invalid("add, delete or replace is expected")
      }
      guard let attribute = line.text, !attribute.isEmpty else { throw invalid("an attribute is expected") }
      var modification = Modification(kind, attribute)
      while let line = takeAny(), !line.isDash {
        guard equalWithoutCase(line.name, attribute) else {
          throw invalid("a value of \(attribute) is expected")
        }
        modification.values.append(AttributeValue(bytes: line.value))
      }
      guard last?.isDash == true else { throw invalid("a line with - is missing") }
      modifications.append(modification)
    }
    return modifications
  }

  private mutating func rename(_ dn: DistinguishedName) throws(InvalidLDIF) -> Operation {
    let leaf = try name(try take("newrdn"))
    guard let newName = leaf.first, leaf.parent?.isEmpty == true else {
      throw invalid("one relative name is expected")
    }
    let deleteOld: Bool
    switch try take("deleteoldrdn").text {
    case "0": deleteOld = false
    case "1": deleteOld = true
    default: throw invalid("0 or 1 is expected")
    }
    let newParent = lines.isEmpty ? nil : try name(try take("newsuperior"))
    return .rename(dn, to: newName, deleteOld: deleteOld, newParent: newParent)
  }

  private func name(_ line: LDIFLine) throws(InvalidLDIF) -> DistinguishedName {
    guard let text = line.text, let name = try? DistinguishedName(parsing: text) else {
      throw invalid("the value is not a distinguished name")
    }
    return name
  }

  private mutating func take(_ name: String) throws(InvalidLDIF) -> LDIFLine {
    guard let line = lines.first, line.name == name else {
      throw LDIF.invalid(lines.first ?? last, "\(name): is expected")
    }
    lines.removeFirst()
    last = line
    return line
  }

  private mutating func takeAny() -> LDIFLine? {
    guard let line = lines.popFirst() else { return nil }
    last = line
    return line
  }

  private func invalid(_ reason: String) -> InvalidLDIF { LDIF.invalid(last ?? lines.first, reason) }
}
