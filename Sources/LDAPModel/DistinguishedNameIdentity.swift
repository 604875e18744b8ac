extension DistinguishedName {
  /// Canonical text: two names denote the same entry if it is equal. For dictionary keys.
  ///
  /// Attribute types are replaced by their schema's first name in lower case, values are normalized by their matching
  /// rule, parts of a multi-valued relative name are sorted, and characters that could be mistaken for a separator
  /// are `\xx`. The result is itself a distinguished name. An invalid name is returned unchanged.
  public func normalized(_ schema: Schema) -> String {
    normalized(schema, depth: 0)
  }

  /// Whether both denote the same entry.
  public func isEquivalent(to other: DistinguishedName, _ schema: Schema) -> Bool {
    self == other || normalized(schema) == other.normalized(schema)
  }

  /// Whether the entry lies somewhere below `base`; the base itself does not.
  public func isBelow(_ base: DistinguishedName, _ schema: Schema) -> Bool {
    let (name, base) = (normalized(schema).utf8, base.normalized(schema).utf8)
    guard !base.isEmpty else { return !name.isEmpty }
    // In canonical text an unescaped comma is a separator.
    return name.count > base.count + 1 && name.suffix(base.count).elementsEqual(base)
      && name.dropLast(base.count).last == ASCII.comma
  }

  /// Names nested deeper than this are compared as text; this limits the recursion.
  private static let deepest = 4

  /// `depth` is the number of enclosing names.
  func normalized(_ schema: Schema, depth: Int) -> String {
    if let plain = plainNormalized(schema) { return plain }
    guard depth < DistinguishedName.deepest, let names = try? relativeNames() else { return text }
    var out: [UInt8] = []
    for (index, name) in names.enumerated() {
      if index > 0 { out.append(ASCII.comma) }
      name.appendNormalized(to: &out, schema, depth)
    }
    return String(decoding: out, as: UTF8.self)
  }

  /// The canonical text of a name that only needs lower case: ASCII without escapes, single spaces within values
  /// only, and attributes whose values are compared ignoring case. Most names are of this kind.
  private func plainNormalized(_ schema: Schema) -> String? {
    let bytes = text.utf8Span.span
    var hasUppercase = false
    var index = 0
    while index < bytes.count {
      let start = index
      while index < bytes.count, bytes[index].isNameCharacter, bytes[index] != ASCII.dot {
        if bytes[index].isASCIIUppercase { hasUppercase = true }
        index += 1
      }
      guard index > start, index + 1 < bytes.count, bytes[index] == ASCII.equals,
        schema.foldsPlainly(name(from: start, to: index))
      else { return nil }
      index += 1
      var previous = ASCII.space
      guard bytes[index] != ASCII.hash else { return nil }
      while index < bytes.count, bytes[index] != ASCII.comma {
        let octet = bytes[index]
        switch octet {
        case ASCII.space where previous == ASCII.space: return nil
        case ASCII.quote, ASCII.plus, ASCII.semicolon, ASCII.less, ASCII.greater, ASCII.backslash: return nil
        case 0x20..<0x7F: break
        default: return nil
        }
        if octet.isASCIIUppercase { hasUppercase = true }
        previous = octet
        index += 1
      }
      guard previous != ASCII.space else { return nil }
      guard index < bytes.count else { break }
      index += 1
      guard index < bytes.count else { return nil }
    }
    return hasUppercase ? loweringASCII(text) : text
  }

  private func name(from start: Int, to end: Int) -> String {
    let utf8 = text.utf8
    let first = utf8.index(utf8.startIndex, offsetBy: start)
    return String(text[first..<utf8.index(first, offsetBy: end - start)])
  }
}

extension RelativeDistinguishedName {
  /// Canonical text, as in ``DistinguishedName/normalized(_:)``.
  public func normalized(_ schema: Schema) -> String {
    var out: [UInt8] = []
    appendNormalized(to: &out, schema, 0)
    return String(decoding: out, as: UTF8.self)
  }

  fileprivate func appendNormalized(to out: inout [UInt8], _ schema: Schema, _ depth: Int) {
    if parts.count == 1 { return parts[0].appendNormalized(to: &out, schema, depth) }
    let canonical = parts.map { part in
      var text: [UInt8] = []
      part.appendNormalized(to: &text, schema, depth)
      return text
    }
    for (index, part) in canonical.sorted(by: { $0.lexicographicallyPrecedes($1) }).enumerated() {
      if index > 0 { out.append(ASCII.plus) }
      out.append(contentsOf: part)
    }
  }
}

extension RelativeDistinguishedName.Part {
  fileprivate func appendNormalized(to out: inout [UInt8], _ schema: Schema, _ depth: Int) {
    out.append(contentsOf: schema.canonicalName(type).utf8)
    out.append(ASCII.equals)
    if isBER, berString == nil {
      out.append(ASCII.hash)
      for octet in value.bytes { out.appendHexadecimal(octet) }
      return
    }
    let value = berString.map(AttributeValue.init(bytes:)) ?? value
    let rule = schema.matchingRule(for: type)
    appendEscaped(rule.normalize(value, schema: schema, depth: depth).bytes, specialsAsPairs: true, to: &out)
  }

  /// The octets of the text if the value is a BER string whose character set is a subset of UTF-8: OCTET STRING,
  /// UTF8String, NumericString, PrintableString or IA5String with a length of up to three octets.
  private var berString: [UInt8]? {
    let bytes = value.bytes
    guard isBER, bytes.count >= 2, [0x04, 0x0C, 0x12, 0x13, 0x16].contains(bytes[0]) else { return nil }
    var length = Int(bytes[1])
    var start = 2
    if length > 0x80 {
      let octets = length - 0x80
      guard octets <= 3, bytes.count >= 2 + octets else { return nil }
      length = bytes[2..<2 + octets].reduce(0) { $0 << 8 | Int($1) }
      start += octets
    } else if length == 0x80 {
      return nil
    }
    return bytes.count == start + length ? Array(bytes[start...]) : nil
  }
}
