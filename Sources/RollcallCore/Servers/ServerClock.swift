/// How far a directory server is: its own count of changes, by which it is seen whether it has what another had.
///
/// A server that replicates shows how much of each other server's changes it has (`contextCSN` of slapd, the replica
/// update vector of 389), and two such clocks can be compared wherever they were read. Other clocks count what one
/// server did, and say nothing of another one.
public struct ServerClock: Sendable, Equatable {
  public enum Kind: String, Sendable {
    /// slapd: `contextCSN` of the suffix, a value for each server id (RFC 4533, slapo-syncprov(5)).
    case contextCSN = "csn"
    /// 389: `nsds50ruv`, a change sequence number for each replica id.
    case updateVector = "ruv"
    /// 389 with the USN plug-in: `lastusn` of each backend.
    case lastUSN = "usn"
    /// Active Directory: `highestCommittedUSN` of the database that `invocationId` names.
    case committedUSN = "ad"

    /// Whether it shows what the server has of others.
    public var isShared: Bool { self == .contextCSN || self == .updateVector }
  }

  public let kind: Kind
  /// What is counted, by who counts; values of one kind compare as text.
  public let values: [String: String]

  /// - Returns: nil where nothing is counted.
  public init?(_ kind: Kind, _ values: [String: String]) {
    if values.isEmpty { return nil }
    self.kind = kind
    self.values = values
  }

  // MARK: Comparing

  /// How a server stands to a clock that was read before.
  public enum Standing: Sendable, Equatable {
    /// It has all of it.
    case upToDate
    /// It lacks some of it.
    case behind
    /// The two say nothing about each other.
    case unknown
  }

  /// How the server that shows this clock stands to one that was read before, there or elsewhere.
  public func standing(to other: ServerClock) -> Standing {
    guard kind == other.kind else { return .unknown }
    // A replica that was made anew counts anew.
    guard values[ServerClock.generation] == other.values[ServerClock.generation] else { return .unknown }
    if !kind.isShared, Set(values.keys) != Set(other.values.keys) { return .unknown }
    return other.values.allSatisfy { (values[$0.key] ?? "") >= $0.value } ? .upToDate : .behind
  }

  /// Whether something has happened since `other` was read at the same server.
  public func isBeyond(_ other: ServerClock) -> Bool { self != other && standing(to: other) == .upToDate }

  /// Who has counted on since then, if it was one alone.
  func onlyCounter(since other: ServerClock) -> String? {
    let advanced = values.filter { (other.values[$0.key] ?? "") < $0.value }
    return advanced.count == 1 ? advanced.first?.key : nil
  }

  /// A clock that is reached once `counter` has counted on; nil where this one is not shared.
  func beyond(_ counter: String) -> ServerClock? {
    guard kind.isShared else { return nil }
    var values = values.filter { $0.key == ServerClock.generation }
    // Greater than the value itself and less than any later one.
    values[counter] = (self.values[counter] ?? "") + "+"
    return ServerClock(kind, values)
  }

  /// All of what either of them has; nil where they say nothing about each other.
  public func joined(with other: ServerClock) -> ServerClock? {
    if standing(to: other) == .unknown { return nil }
    return ServerClock(kind, values.merging(other.values) { max($0, $1) })
  }

  /// What both of them have; nil where that is nothing.
  public func met(by other: ServerClock) -> ServerClock? {
    if standing(to: other) == .unknown { return nil }
    let common = values.compactMap { name, value in other.values[name].map { (name, min(value, $0)) } }
    return ServerClock(kind, Dictionary(uniqueKeysWithValues: common))
  }

  static let generation = "generation"
}

extension ServerClock {
  /// From the values of `contextCSN`: `20261126194712.123456Z#000000#001#000000`.
  public init?(contextCSN: [String]) {
    var values: [String: String] = [:]
    for csn in contextCSN {
      let fields = csn.split(separator: "#", omittingEmptySubsequences: false)
      guard fields.count == 4 else { continue }
      // Before 2.4 a CSN had no fraction of a second.
      let time = String(fields[0].contains(".") ? fields[0] : fields[0].replacing("Z", with: ".000000Z"))
      let value = "\(time)#\(fields[1])#\(fields[3])"
      values[String(fields[2])] = max(values[String(fields[2])] ?? "", value)
    }
    self.init(.contextCSN, values)
  }

  /// From the values of `nsds50ruv`: `{replicageneration} 5f…` and `{replica 1 ldap://host:389} 5f… 60…`, of which the
  /// last is how far that replica's changes are there.
  public init?(updateVector: [String]) {
    var values: [String: String] = [:]
    for element in updateVector {
      guard element.hasPrefix("{"), let end = element.firstIndex(of: "}") else { continue }
      let words = element[element.index(after: element.startIndex)..<end].split(separator: " ")
      let numbers = element[element.index(after: end)...].split(separator: " ")
      guard let last = numbers.last else { continue }
      switch words.first {
      case "replicageneration": values[ServerClock.generation] = String(last)
      case "replica": if words.count > 1 { values[String(words[1])] = String(last) }
      default: break
      }
    }
    self.init(.updateVector, values)
  }

  /// From counts of one server's changes, in decimal.
  public init?(_ kind: Kind, counts: [String: String]) {
    self.init(
      kind,
      counts.compactMapValues { text in
        UInt64(text).map { number in
          let digits = String(number)
          return String(repeating: "0", count: 20 - digits.count) + digits
        }
      })
  }
}

/// `csn 001=… 002=…`, as it is remembered.
extension ServerClock: LosslessStringConvertible {
  public init?(_ description: String) {
    let words = description.split(separator: " ", maxSplits: 1)
    guard words.count == 2, let kind = Kind(rawValue: String(words[0])) else { return nil }
    var values: [String: String] = [:]
    for pair in words[1].split(separator: " ") {
      let sides = pair.split(separator: "=", maxSplits: 1)
      if sides.count == 2 { values[String(sides[0])] = String(sides[1]) }
    }
    self.init(kind, values)
  }

  public var description: String {
    let pairs = values.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
    return "\(kind.rawValue) " + pairs.joined(separator: " ")
  }
}
