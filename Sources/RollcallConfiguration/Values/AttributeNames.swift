internal import YAML

/// Constraints on the attribute names of a section. LDAP compares them without regard to case.
extension ConfigurationSection {
  /// The name of an attribute without options: `naming`, `link`, `member`; nil if it is invalid.
  func attributeType(_ key: String, default standard: String) -> ConfiguredText? {
    guard has(key) else {
      return ConfiguredText(
        value: standard, shown: standard, isSubstituted: false, mark: position(of: key), path: pathOf(key))
    }
    guard let text = text(key) else { return nil }
    guard AttributeDescription.isType(text.value) else {
      reader.problem(text.mark, "\(text.path): \"\(text.shown)\" is not the name of an attribute")
      return nil
    }
    return text
  }

  /// `classes`: at least one.
  func classes(default standard: [String]) -> [String] {
    guard has("classes"), let list = list("classes") else { return standard }
    if list.isEmpty { reader.problem(position(of: "classes"), "\(pathOf("classes")): is empty") }
    var classes: [String] = []
    for (path, node) in list {
      guard let text = reader.text(node, path: path) else { continue }
      noteClass(text.value, shown: text.shown, classes, at: text.mark, path: path)
      classes.append(text.value)
    }
    return classes
  }

  func checkDescription(_ name: String, at mark: Mark, path: String) -> Bool {
    if AttributeDescription.isValid(name) { return true }
    reader.problem(mark, "\(path): \"\(name)\" is not the name of an attribute")
    return false
  }

  /// Reports the same attribute given twice: YAML rejects equal keys, this rejects those that differ in case.
  func noteRepetitions(_ pairs: [YAMLNode.Pair], under path: String) {
    var seen: [String: YAMLNode.Pair] = [:]
    for pair in pairs {
      if let first = seen[pair.key.lowercased()] {
        reader.problem(
          pair.mark, "\(path).\(pair.key): the same attribute as \"\(first.key)\" on line \(first.mark.line)")
      } else {
        seen[pair.key.lowercased()] = pair
      }
    }
  }

  /// Checks that every attribute of `users` has one source for its values.
  func checkNames(
    naming: ConfiguredText, link: ConfiguredText, attributes: [Configuration.AttributeExpression],
    createOnly: [Configuration.AttributeExpression], disable: [String], references: [String]
  ) {
    let mapped = Set(attributes.map { $0.attribute.lowercased() })
    let set = Set((createOnly.map(\.attribute) + disable).map { $0.lowercased() })
    if naming.value.lowercased() == link.value.lowercased() {
      reader.problem(
        link.mark, "\(link.path): \"\(link.shown)\" is already the naming attribute; the two must differ")
    } else if !mapped.contains(naming.value.lowercased()) {
      reader.problem(
        naming.mark,
        "\(naming.path): \"\(naming.shown)\" names the entry and is missing from \(pathOf("attributes"))")
    }
    let link = link.value.lowercased()
    let naming = naming.value.lowercased()
    for (key, names) in [
      ("attributes", attributes.map(\.attribute)), ("create_only", createOnly.map(\.attribute)),
      ("disable", disable), ("references", references),
    ] {
      for name in names {
        let path = "\(pathOf(key)).\(name)"
        let problem: String? =
          switch name.lowercased() {
          case link where link != naming: "is already set: it is the link, which carries the row's key"
          case "objectclass": "is set by \(pathOf("classes"))"
          case naming where key == "disable": "names the entry and cannot change when it is disabled"
          case let lower where key == "create_only" && mapped.contains(lower):
            "is in \(pathOf("attributes")) as well"
          case let lower where key == "references" && mapped.contains(lower):
            "is in \(pathOf("attributes")) as well; keep one of them"
          case let lower where key == "references" && set.contains(lower):
            "is set elsewhere in \(self.path) as well; a reference has no other source"
          default: nil
          }
        if let problem { reader.problem(reader.keyPositions[path] ?? mark, "\(path): \(problem)") }
      }
    }
  }
}

/// The form of attribute names (RFC 4512, 1.4 and 2.5), plus the underscore that servers also allow.
enum AttributeDescription {
  /// A type with any number of options: `cn;lang-de`, `userCertificate;binary`.
  static func isValid(_ text: String) -> Bool {
    let parts = text.split(separator: ";", omittingEmptySubsequences: false)
    return isType(parts[0])
      && parts.dropFirst().allSatisfy { !$0.isEmpty && $0.utf8.allSatisfy(isKeyCharacter) }
  }

  /// A name or a dotted number, without options.
  static func isType(_ text: some StringProtocol) -> Bool {
    guard let first = text.utf8.first else { return false }
    if isDigit(first) {
      let parts = text.split(separator: ".", omittingEmptySubsequences: false)
      return parts.count > 1 && parts.allSatisfy { !$0.isEmpty && $0.utf8.allSatisfy(isDigit) }
    }
    return isLetter(first) && text.utf8.allSatisfy(isKeyCharacter)
  }

  private static func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }

  private static func isLetter(_ byte: UInt8) -> Bool { (0x61...0x7A).contains(byte | 0x20) }

  private static func isKeyCharacter(_ byte: UInt8) -> Bool {
    isDigit(byte) || isLetter(byte) || byte == UInt8(ascii: "-") || byte == UInt8(ascii: "_")
  }
}
