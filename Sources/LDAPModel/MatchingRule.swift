/// How an attribute's values are compared for equality (RFC 4517 section 4.2), reduced to what distinguishes them.
public enum MatchingRule: Hashable, Sendable, CaseIterable {
  /// caseIgnoreMatch, caseIgnoreIA5Match, caseIgnoreListMatch: case and superfluous spaces are ignored.
  case caseIgnore
  /// caseExactMatch, caseExactIA5Match: superfluous spaces are ignored.
  case caseExact
  /// octetStringMatch, and every unknown rule.
  case octetString
  case boolean
  case integer
  /// telephoneNumberMatch: case, spaces and hyphens are ignored.
  case telephoneNumber
  /// numericStringMatch: spaces are ignored.
  case numericString
  case generalizedTime
  /// distinguishedNameMatch, and uniqueMemberMatch with its optional UID at the end.
  case distinguishedName
  case objectIdentifier
  case uuid
  /// No equality rule: single values can be neither added nor deleted, only all replaced.
  case none

  /// The rule with that name or object identifier; octetString for an unknown one.
  init(named name: String) {
    self = MatchingRule.byName[loweringASCII(name)] ?? .octetString
  }

  /// The rule of a server that names no rules (Active Directory), derived from the attribute's syntax ([MS-ADTS]
  /// section 3.1.1.2.2.2: IA5 and printable strings with case, Unicode and Teletex without).
  init(syntax: String) {
    self = MatchingRule.bySyntax[syntax] ?? .octetString
  }

  /// Two values are equivalent if this is equal for both. Idempotent; a value that violates its syntax is returned
  /// unchanged. The schema is for values that are names.
  public func normalize(_ value: AttributeValue, schema: Schema = .builtin) -> AttributeValue {
    normalize(value, schema: schema, depth: 0)
  }

  /// Whether both values are equal under the rule.
  public func matches(_ one: AttributeValue, _ other: AttributeValue, schema: Schema = .builtin) -> Bool {
    one == other || normalize(one, schema: schema) == normalize(other, schema: schema)
  }

  /// `depth` is the number of enclosing names.
  func normalize(_ value: AttributeValue, schema: Schema, depth: Int) -> AttributeValue {
    let bytes = value.bytes
    switch self {
    case .octetString, .none: return value
    case .caseIgnore:
      return AttributeValue(bytes: StringPreparation.prepare(bytes, foldingCase: true, .squeezed))
    case .caseExact:
      return AttributeValue(bytes: StringPreparation.prepare(bytes, foldingCase: false, .squeezed))
    case .telephoneNumber:
      return AttributeValue(bytes: StringPreparation.prepare(bytes, foldingCase: true, .removedWithHyphens))
    case .numericString:
      return AttributeValue(bytes: StringPreparation.prepare(bytes, foldingCase: false, .removed))
    case .boolean:
      return AttributeValue(bytes: trimmingSpaces(bytes).map(\.asciiUppercased))
    case .uuid:
      return AttributeValue(bytes: trimmingSpaces(bytes).map(\.asciiLowercased))
    case .integer: return AttributeValue(bytes: normalizedInteger(bytes) ?? bytes)
    case .generalizedTime:
      return AttributeValue(bytes: GeneralizedTime(parsing: trimmingSpaces(bytes))?.text ?? bytes)
    case .objectIdentifier:
      guard let text = value.text else { return value }
      return AttributeValue(schema.canonicalIdentifier(text))
    case .distinguishedName:
      return normalizedName(value, schema: schema, depth: depth)
    }
  }

  private static let byName: [String: MatchingRule] = {
    let rules: [(MatchingRule, String)] = [
      (.caseIgnore, "caseIgnoreMatch 2.5.13.2 caseIgnoreListMatch 2.5.13.11"),
      (.caseIgnore, "caseIgnoreIA5Match 1.3.6.1.4.1.1466.109.114.2"),
      (.caseExact, "caseExactMatch 2.5.13.5 caseExactIA5Match 1.3.6.1.4.1.1466.109.114.1"),
      (.octetString, "octetStringMatch 2.5.13.17"),
      (.boolean, "booleanMatch 2.5.13.13"),
      (.integer, "integerMatch 2.5.13.14"),
      (.telephoneNumber, "telephoneNumberMatch 2.5.13.20"),
      (.numericString, "numericStringMatch 2.5.13.8"),
      (.generalizedTime, "generalizedTimeMatch 2.5.13.27"),
      (.distinguishedName, "distinguishedNameMatch 2.5.13.1 uniqueMemberMatch 2.5.13.23"),
      (.objectIdentifier, "objectIdentifierMatch 2.5.13.0"),
      (.uuid, "UUIDMatch 1.3.6.1.1.16.2"),
    ]
    var result: [String: MatchingRule] = [:]
    for (rule, names) in rules {
      for name in names.split(separator: " ") { result[loweringASCII(String(name))] = rule }
    }
    return result
  }()

  private static let bySyntax: [String: MatchingRule] = [
    "1.3.6.1.4.1.1466.115.121.1.7": .boolean,
    "1.3.6.1.4.1.1466.115.121.1.11": .caseIgnore,  // country string
    "1.3.6.1.4.1.1466.115.121.1.12": .distinguishedName,
    "1.3.6.1.4.1.1466.115.121.1.15": .caseIgnore,  // directory string
    "1.3.6.1.4.1.1466.115.121.1.24": .generalizedTime,
    "1.3.6.1.4.1.1466.115.121.1.26": .caseExact,  // IA5 string
    "1.3.6.1.4.1.1466.115.121.1.27": .integer,
    "1.3.6.1.4.1.1466.115.121.1.34": .distinguishedName,  // name and optional bits
    "1.3.6.1.4.1.1466.115.121.1.36": .numericString,
    "1.3.6.1.4.1.1466.115.121.1.38": .objectIdentifier,
    "1.3.6.1.4.1.1466.115.121.1.44": .caseExact,  // printable string
    "1.3.6.1.4.1.1466.115.121.1.50": .telephoneNumber,
    "1.3.6.1.1.16.1": .uuid,
    "1.2.840.113556.1.4.905": .caseIgnore,  // Teletex string
    "1.2.840.113556.1.4.906": .integer,  // large integer
    "1.2.840.113556.1.4.1362": .caseExact,  // case-exact string
  ]
}

/// The octets without the spaces at both ends.
private func trimmingSpaces(_ bytes: [UInt8]) -> [UInt8] {
  guard bytes.first == ASCII.space || bytes.last == ASCII.space else { return bytes }
  guard let last = bytes.lastIndex(where: { $0 != ASCII.space }) else { return [] }
  return Array(bytes[...last].drop { $0 == ASCII.space })
}

/// The digits without leading zeros, and a minus sign if significant; nil if it is not an integer.
private func normalizedInteger(_ bytes: [UInt8]) -> [UInt8]? {
  let trimmed = trimmingSpaces(bytes)
  let isNegative = trimmed.first == ASCII.hyphen
  let digits = trimmed.dropFirst(isNegative ? 1 : 0)
  guard !digits.isEmpty, digits.allSatisfy(\.isASCIIDigit) else { return nil }
  let significant = digits.drop { $0 == ASCII.zero }
  if significant.isEmpty { return [ASCII.zero] }
  return isNegative ? [ASCII.hyphen] + significant : Array(significant)
}

/// A name in canonical text, followed by the unchanged `#'0101'B` of the syntax "name and optional UID".
private func normalizedName(_ value: AttributeValue, schema: Schema, depth: Int) -> AttributeValue {
  guard let text = value.text else { return value }
  var name = Substring(text)
  var bits: Substring = ""
  if text.hasSuffix("'B"), let hash = text.lastIndex(of: "#") {
    let tail = text[hash...].utf8
    if tail.count >= 4, tail.dropFirst().first == ASCII.apostrophe,
      tail.dropFirst(2).dropLast(2).allSatisfy({ $0 == ASCII.zero || $0 == ASCII.zero + 1 })
    {
      (name, bits) = (text[..<hash], text[hash...])
    }
  }
  let canonical = DistinguishedName(unchecked: String(name)).normalized(schema, depth: depth + 1)
  return AttributeValue(canonical + bits)
}
