/// A directory server's own count of changes, which shows whether it has what another server had.
///
/// A replicating server shows how much of each other server's changes it has (`contextCSN` of slapd, the replica
/// update vector of 389); two such clocks can be compared wherever they were read. Other clocks count only the
/// changes of one server and cannot be compared with those of another.
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

    /// Whether it shows how much the server has of other servers' changes.
    public var isShared: Bool { self == .contextCSN || self == .updateVector }
  }

  public let kind: Kind
  /// The counts, by server or replica; values of one kind compare as text.
  public let values: [String: String]

  /// - Returns: nil if nothing is counted.
  public init?(_ kind: Kind, _ values: [String: String]) {
    if values.isEmpty { return nil }
    self.kind = kind
    self.values = values
  }

  // MARK: Comparing

  /// How a server compares with a clock that was read before.
  public enum Standing: Sendable, Equatable {
    /// It has all changes.
    case upToDate
    /// It lacks some changes.
    case behind
    /// The two cannot be compared.
    case unknown
  }

  /// How the server that shows this clock compares with one that was read before, there or elsewhere.
  public func standing(to other: ServerClock) -> Standing {
    guard kind == other.kind else { return .unknown }
    // A recreated replica starts counting anew.
    guard values[ServerClock.generation] == other.values[ServerClock.generation] else { return .unknown }
    if !kind.isShared, Set(values.keys) != Set(other.values.keys) { return .unknown }
    return other.values.allSatisfy { (values[$0.key] ?? "") >= $0.value } ? .upToDate : .behind
  }

  /// Whether the server has counted changes since `other` was read from it.
  public func isBeyond(_ other: ServerClock) -> Bool { self != other && standing(to: other) == .upToDate }

  /// The server or replica that has counted changes since then, if it was only one.
  func onlyCounter(since other: ServerClock) -> String? {
    let advanced = values.filter { (other.values[$0.key] ?? "") < $0.value }
    return advanced.count == 1 ? advanced.first?.key : nil
  }

  /// A clock that is reached at the next change that `counter` counts; nil if this one is not shared.
  func beyond(_ counter: String) -> ServerClock? {
    guard kind.isShared else { return nil }
    var values = values.filter { $0.key == ServerClock.generation }
    // Greater than the current value and less than any later one.
    values[counter] = (self.values[counter] ?? "") + "+"
    return ServerClock(kind, values)
  }

  /// The union of both; nil if they cannot be compared.
  public func joined(with other: ServerClock) -> ServerClock? {
    if standing(to: other) == .unknown { return nil }
    return ServerClock(kind, values.merging(other.values) { max($0, $1) })
  }

  /// The intersection of both; nil if it is empty or they cannot be compared.
  public func met(by other: ServerClock) -> ServerClock? {
    if standing(to: other) == .unknown { return nil }
    let common = values.compactMap { name, value in other.values[name].map { (name, min(value, $0)) } }
    return ServerClock(kind, Dictionary(uniqueKeysWithValues: common))
  }

  static let generation = "generation"
}

extension ServerClock {
  /// Parses the values of `contextCSN`: `20261126194712.123456Z#000000#001#000000`.
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

  /// Parses the values of `nsds50ruv`: `{replicageneration} 5f…` and `{replica 1 ldap://host:389} 5f… 60…`, whose
  /// last field shows how much of that replica's changes the server has.
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

  /// Parses decimal counts of one server's changes.
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

/// `csn 001=… 002=…`, the form in which it is stored.
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
