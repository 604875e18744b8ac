/// The directory's attribute types and object classes (RFC 4512 section 4).
public struct Schema: Sendable {
  /// Definitions that could not be parsed, as they were sent.
  public private(set) var unparsable: [String] = []
  private var types: [AttributeType] = []
  private var classes: [ObjectClass] = []
  /// Positions by name and object identifier, in the original spelling and in lower case.
  private var typePositions: [String: Int] = [:]
  private var classPositions: [String: Int] = [:]
  /// What content rules add to the classes at these positions: attributes, and auxiliary classes.
  private var rules: [Int: [String]] = [:]
  private var auxiliaries: [Int: [String]] = [:]
  /// By the same names as types: see ``foldsPlainly(_:)``.
  private var plainFolding: [String: Bool] = [:]

  /// Parses the values of `attributeTypes` and `objectClasses` of the subschema entry.
  ///
  /// `contentRules` are the values of `dITContentRules`: what entries of a structural class may have besides, as
  /// attributes of auxiliary classes (Active Directory).
  ///
  /// If no type of the server names an equality rule (Active Directory), values are compared by syntax. Otherwise a
  /// type without a rule, inherited or own, has ``MatchingRule/none``.
  public init(attributeTypes: [String], objectClasses: [String], contentRules: [String] = []) {
    let definitions = attributeTypes.map { SchemaDefinition(parsing: $0) }
    let comparingBySyntax = !definitions.contains { $0?["EQUALITY"].isEmpty == false }
    for (text, definition) in zip(attributeTypes, definitions) {
      guard let definition, let type = AttributeType(definition, comparingBySyntax: comparingBySyntax) else {
        unparsable.append(text)
        continue
      }
      Schema.index(type.names + [type.oid], at: types.count, in: &typePositions)
      types.append(type)
    }
    for text in objectClasses {
      guard let definition = SchemaDefinition(parsing: text), let objectClass = ObjectClass(definition) else {
        unparsable.append(text)
        continue
      }
      Schema.index(objectClass.names + [objectClass.oid], at: classes.count, in: &classPositions)
      classes.append(objectClass)
    }
    for definition in contentRules.compactMap({ SchemaDefinition(parsing: $0) }) {
      for name in definition["NAME"] + [definition.oid] {
        guard let position = Schema.position(of: name, in: classPositions) else { continue }
        rules[position, default: []] += definition["MAY"] + definition["MUST"]
        auxiliaries[position, default: []] += definition["AUX"]
        break
      }
    }
    for position in types.indices { inherit(to: position) }
    for (name, position) in typePositions {
      plainFolding[name] =
        types[position].equality == .caseIgnore && equalWithoutCase(types[position].canonicalName, name)
    }
  }

  /// The first definition of a name takes precedence.
  private static func index(_ names: [String], at position: Int, in positions: inout [String: Int]) {
    for name in names {
      let first = positions[loweringASCII(name)] ?? position
      positions[loweringASCII(name)] = first
      positions[name] = first
    }
  }

  /// The number of supertypes that are followed: a cycle of SUP must end too, and a server may send very long chains.
  private static let deepest = 32

  /// Takes the equality rule and the syntax from the nearest supertype that has one.
  private mutating func inherit(to position: Int) {
    var superior = types[position].sup
    var steps = 0
    while let name = superior, steps < Schema.deepest, let above = Schema.position(of: name, in: typePositions) {
      if types[position].equality == .none { types[position].equality = types[above].equality }
      if types[position].syntax == nil { types[position].syntax = types[above].syntax }
      superior = types[above].sup
      steps += 1
    }
  }

  private static func position(of name: String, in positions: [String: Int]) -> Int? {
    positions[name] ?? positions[loweringASCII(name)]
  }

  /// The attribute type of a name or object identifier, ignoring case and options (`;binary`).
  public func attributeType(_ name: String) -> AttributeType? {
    typePosition(name).map { types[$0] }
  }

  private func typePosition(_ name: String) -> Int? {
    if let position = typePositions[name] { return position }
    return Schema.position(of: withoutOptions(name), in: typePositions)
  }

  /// The object class of a name or object identifier, ignoring case.
  public func objectClass(_ name: String) -> ObjectClass? {
    Schema.position(of: name, in: classPositions).map { classes[$0] }
  }

  /// How values of the attribute are compared; ignoring case if the schema does not contain it.
  public func matchingRule(for attribute: String) -> MatchingRule {
    typePosition(attribute).map { types[$0].equality } ?? .caseIgnore
  }

  /// The canonical spelling of an attribute description: the type's first name and the options, in lower case.
  public func canonicalName(_ attribute: String) -> String {
    if let position = Schema.position(of: attribute, in: typePositions) {
      return types[position].canonicalName
    }
    let name = withoutOptions(attribute)
    guard let position = Schema.position(of: name, in: typePositions) else { return loweringASCII(attribute) }
    return types[position].canonicalName + loweringASCII(String(attribute.dropFirst(name.count)))
  }

  /// The canonical spelling of an object class or attribute type used as a value.
  func canonicalIdentifier(_ name: String) -> String {
    if let objectClass = objectClass(name) { return objectClass.canonicalName }
    guard let position = Schema.position(of: name, in: typePositions) else { return loweringASCII(name) }
    return types[position].canonicalName
  }

  /// Whether values of the attribute are compared ignoring case, and its name in lower case is its canonical one.
  func foldsPlainly(_ attribute: String) -> Bool {
    plainFolding[attribute] ?? plainFolding[loweringASCII(attribute)] ?? true
  }

  /// These classes and all their superclasses; unknown ones are left out.
  public func withSuperclasses(_ names: some Sequence<String>) -> [ObjectClass] {
    var found: [ObjectClass] = []
    var seen: Set<Int> = []
    var pending = Array(names)
    while let name = pending.popLast() {
      guard let position = Schema.position(of: name, in: classPositions),
        seen.insert(position).inserted
      else { continue }
      found.append(classes[position])
      pending += classes[position].sup
    }
    return found
  }

  /// The canonical names of the attributes that an entry of these classes must have.
  public func must(classes names: some Sequence<String>) -> Set<String> {
    Set(withSuperclasses(names).flatMap(\.must).map(canonicalName))
  }

  /// The canonical names of the attributes that an entry of these classes may have.
  public func may(classes names: some Sequence<String>) -> Set<String> {
    Set(withSuperclasses(names).flatMap(\.may).map(canonicalName)).subtracting(must(classes: names))
  }

  /// Whether an entry of these classes may have the attribute: a class lists it, or extensibleObject allows all (RFC
  /// 4512 section 4.3), or it is operational.
  public func allows(_ attribute: String, classes names: some Sequence<String>) -> Bool {
    let name = canonicalName(withoutOptions(attribute))
    return withSuperclasses(names).contains {
      $0.canonicalName == "extensibleobject" || ($0.must + $0.may).contains { canonicalName($0) == name }
    } || attributeType(name)?.operational == true
  }

  /// Whether an entry of these classes may have the attribute, by the server's content rules too.
  public func permits(_ attribute: String, classes names: some Sequence<String>) -> Bool {
    let names = Array(names)
    if allows(attribute, classes: names) { return true }
    if rules.isEmpty, auxiliaries.isEmpty { return false }
    let name = canonicalName(withoutOptions(attribute))
    let positions = names.compactMap { Schema.position(of: $0, in: classPositions) }
    return positions.contains { position in
      rules[position]?.contains { canonicalName($0) == name } == true
        || auxiliaries[position].map { allows(attribute, classes: $0) } == true
    }
  }
}

extension Schema: CustomStringConvertible {
  public var description: String { "\(types.count) attribute types, \(classes.count) object classes" }
}

/// The attribute description without `;binary` and the like.
func withoutOptions(_ attribute: String) -> String {
  guard attribute.utf8.contains(ASCII.semicolon) else { return attribute }
  return String(attribute.prefix { $0 != ";" })
}
