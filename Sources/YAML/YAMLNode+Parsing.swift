extension YAMLNode {
  /// Parses the only document of a text; nil if there is none, just blanks and comments. A plain scalar has no type
  /// (YAML 1.2, 10.1, the failsafe schema): its meaning depends on its key.
  public static func parse(_ text: String) throws(Flaw) -> YAMLNode? {
    guard text.utf8.count <= largestText else {
      throw Flaw(mark: .start, message: "the file is larger than 1 MiB")
    }
    var text = text
    if text.unicodeScalars.first == "\u{FEFF}" { text.unicodeScalars.removeFirst() }
    var composer = Composer(text)
    return try composer.document()
  }
}

extension YAMLMark {
  static let start = YAMLMark(line: 1, column: 1)
}

/// Builds nodes from the parser's events. Aliases are expanded here; hence the budget.
private struct Composer: ~Copyable {
  private static let mostNodes = 20_000
  private static let deepest = 16

  /// A node and the number of nodes in its tree.
  private struct Composed {
    var node: YAMLNode
    var count: Int
    /// The height of the tree below it.
    var height: Int
  }

  private var events: YAMLEvents
  private var anchors: [String: Composed] = [:]
  private var budget = Self.mostNodes

  init(_ text: String) {
    events = YAMLEvents(text)
  }

  mutating func document() throws(YAMLNode.Flaw) -> YAMLNode? {
    var root: YAMLNode?
    var first: YAMLMark?
    while true {
      let event = try events.next()
      switch event.content {
      case .end: return root
      case .document:
        if let first {
          throw events.flaw(
            at: event.mark, context: ("expected a single document in the stream", first),
            problem: "but found another document")
        }
      default:
        first = event.mark
        root = try node(event, depth: 0).node
      }
    }
  }

  private mutating func node(_ event: YAMLEvents.Event, depth: Int) throws(YAMLNode.Flaw) -> Composed {
    let mark = event.mark
    guard depth < Self.deepest else { throw .init(mark: mark, message: "nested too deeply") }
    try pay(1, at: mark)
    var composed: Composed
    switch event.content {
    case .alias(let name):
      guard let anchored = anchors[name] else {
        throw events.flaw(at: mark, context: nil, problem: "found undefined alias")
      }
      try pay(anchored.count - 1, at: mark)
      guard depth + anchored.height < Self.deepest else { throw .init(mark: mark, message: "nested too deeply") }
      return anchored
    case .scalar(let text, let plain):
      try refuse(event.tag, at: mark, besides: "str")
      let isNull = plain && event.tag == nil && ["", "~", "null", "Null", "NULL"].contains(text)
      composed = .init(node: .init(mark: mark, content: isNull ? .null : .text(text)), count: 1, height: 0)
    case .list:
      try refuse(event.tag, at: mark, besides: "seq")
      composed = try list(at: mark, depth: depth)
    case .mapping:
      try refuse(event.tag, at: mark, besides: "map")
      composed = try mapping(at: mark, depth: depth)
    case .end, .document, .close:
      throw .init(mark: mark, message: "invalid YAML")
    }
    if let anchor = event.anchor { anchors[anchor] = composed }
    return composed
  }

  private mutating func list(at mark: YAMLMark, depth: Int) throws(YAMLNode.Flaw) -> Composed {
    var nodes: [YAMLNode] = []
    var (count, height) = (1, 0)
    while true {
      let event = try events.next()
      if case .close = event.content { break }
      let value = try node(event, depth: depth + 1)
      (count, height) = (count + value.count, max(height, value.height + 1))
      nodes.append(value.node)
    }
    return .init(node: .init(mark: mark, content: .list(nodes)), count: count, height: height)
  }

  private mutating func mapping(at mark: YAMLMark, depth: Int) throws(YAMLNode.Flaw) -> Composed {
    var pairs: [YAMLNode.Pair] = []
    var (count, height) = (1, 0)
    while true {
      let event = try events.next()
      if case .close = event.content { break }
      let name = try node(event, depth: depth + 1)
      guard let key = text(of: event, name.node) else {
        throw .init(mark: event.mark, message: "a key must be text")
      }
      let value = try node(events.next(), depth: depth + 1)
      (count, height) = (count + name.count + value.count, max(height, value.height + 1))
      pairs.append(.init(key: key, mark: event.mark, value: value.node))
    }
    try refuseRepetition(pairs)
    return .init(node: .init(mark: mark, content: .mapping(pairs)), count: count, height: height)
  }

  /// A key as it is written, including `null`.
  private func text(of event: YAMLEvents.Event, _ node: YAMLNode) -> String? {
    if case .scalar(let text, _) = event.content { return text }
    if case .text(let text) = node.content { return text }
    return nil
  }

  private mutating func pay(_ nodes: Int, at mark: YAMLMark) throws(YAMLNode.Flaw) {
    budget -= nodes
    guard budget > 0 else { throw .init(mark: mark, message: "the file has more than 20,000 values") }
  }

  private func refuse(_ tag: String?, at mark: YAMLMark, besides allowed: String) throws(YAMLNode.Flaw) {
    guard let tag, tag != "tag:yaml.org,2002:" + allowed else { return }
    throw .init(mark: mark, message: "a YAML tag (\(tag)) has no meaning here")
  }

  private func refuseRepetition(_ pairs: [YAMLNode.Pair]) throws(YAMLNode.Flaw) {
    var first: [String: YAMLMark] = [:]
    for pair in pairs {
      if let mark = first.updateValue(pair.mark, forKey: pair.key) {
        // `{ password: a,b,b }` has two keys `b`, which should not be shown.
        let name = events.isFollowedByColon(pair.key, at: mark) ? " \"\(pair.key)\"" : ""
        throw .init(mark: mark, message: "duplicate key\(name); this is the first of them")
      }
    }
  }
}
