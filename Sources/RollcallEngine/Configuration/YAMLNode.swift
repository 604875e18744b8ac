internal import Yams

/// A YAML document with the place of every node, detached from the parser's types and with aliases resolved.
struct YAMLNode {
  indirect enum Content {
    /// Nothing after the colon, `~` or `null`, unquoted.
    case null
    case text(String)
    case list([YAMLNode])
    case mapping([Pair])
  }

  struct Pair {
    var key: String
    var mark: Configuration.Mark
    var value: YAMLNode
  }

  var mark: Configuration.Mark
  var content: Content

  /// Why a text is no document that could be a configuration.
  struct Flaw: Error {
    var mark: Configuration.Mark
    var message: String
  }

  /// Bounds for what is read; far beyond what a configuration needs, far below what hurts.
  static let largestText = 1 << 20
  private static let mostNodes = 20_000
  private static let deepest = 16

  /// Reads the only document of a text; nil if there is none, just blanks and comments.
  static func parse(_ text: String) throws(Flaw) -> YAMLNode? {
    guard text.utf8.count <= largestText else {
      throw Flaw(mark: .init(line: 1, column: 1), message: "the file is larger than 1 MiB")
    }
    var text = text
    if text.unicodeScalars.first == "\u{FEFF}" { text.unicodeScalars.removeFirst() }
    // Yams keeps a pointer into the string, which is gone for one so short that it is stored inline.
    if text.utf8.count < 16 { text += String(repeating: " ", count: 16) }
    text.makeContiguousUTF8()
    let root: Node?
    do {
      // The basic resolver gives no plain scalar a type: what a scalar means depends on its key.
      root = try Yams.compose(yaml: text, .basic, .default, .utf8)
    } catch let error as YamlError {
      throw Flaw(error, in: text)
    } catch {
      throw Flaw(mark: .init(line: 1, column: 1), message: "invalid YAML")
    }
    guard let root else { return nil }
    var budget = mostNodes
    return try YAMLNode(root, depth: 0, budget: &budget)
  }

}

extension YAMLNode {
  /// Aliases are expanded here, hence the budget.
  private init(_ node: Node, depth: Int, budget: inout Int) throws(Flaw) {
    let mark = Configuration.Mark(node.mark)
    budget -= 1
    guard budget > 0 else { throw Flaw(mark: mark, message: "the file has more than 20,000 values") }
    guard depth < Self.deepest else { throw Flaw(mark: mark, message: "nested too deeply") }
    self.mark = mark
    switch node {
    case .scalar(let scalar):
      try Self.refuse(scalar.tag, at: mark, besides: .str)
      let mayBeNull = scalar.style == .plain && scalar.tag.rawValue != Tag.Name.str.rawValue
      let isNull = mayBeNull && ["", "~", "null", "Null", "NULL"].contains(scalar.string)
      content = isNull ? .null : .text(scalar.string)
    case .sequence(let sequence):
      try Self.refuse(sequence.tag, at: mark, besides: .seq)
      var nodes: [YAMLNode] = []
      for node in sequence { nodes.append(try YAMLNode(node, depth: depth + 1, budget: &budget)) }
      content = .list(nodes)
    case .mapping(let mapping):
      try Self.refuse(mapping.tag, at: mark, besides: .map)
      var pairs: [Pair] = []
      for (key, value) in mapping {
        let mark = Configuration.Mark(key.mark)
        guard case .scalar(let name) = key else { throw Flaw(mark: mark, message: "a key must be text") }
        pairs.append(
          Pair(
            key: name.string, mark: mark, value: try YAMLNode(value, depth: depth + 1, budget: &budget)))
      }
      content = .mapping(pairs)
    case .alias:
      // The parser puts the anchored node in its place; this is for the emitter.
      throw Flaw(mark: mark, message: "an alias to nothing")
    }
  }

  private static func refuse(
    _ tag: Tag, at mark: Configuration.Mark, besides allowed: Tag.Name
  ) throws(Flaw) {
    guard !tag.rawValue.isEmpty, tag.rawValue != allowed.rawValue else { return }
    throw Flaw(mark: mark, message: "a YAML tag (\(tag.rawValue)) has no meaning here")
  }
}

extension Configuration.Mark {
  init(_ mark: Yams.Mark?) {
    self.init(line: mark?.line ?? 1, column: mark?.column ?? 1)
  }
}
