internal import RollcallPages
internal import Synchronization

/// Who is logged in: in memory only, so that a restart ends all sessions.
final class Sessions: Sendable {
  struct Session: Sendable {
    /// In the cookie.
    let id: String
    /// In every form; the page of another site does not know it.
    let formToken: String
    fileprivate var usedAt: ContinuousClock.Instant
    fileprivate let endsAt: ContinuousClock.Instant
    /// What the next page says of the last action. It is not in the address, where anybody could put words.
    fileprivate var notice: Notice?
  }

  /// The least recently used one goes where there would be more.
  static let most = 100
  /// A session that is not used for so long ends; and each ends after a day's work.
  static let idle: Duration = .seconds(2 * 3600)
  static let longest: Duration = .seconds(12 * 3600)

  private let sessions = Mutex<[String: Session]>([:])
  let cookie: String

  /// - Parameter name: tells this server's cookie from that of another one on the same host: ports do not.
  init(cookie name: String) { cookie = name }

  func begin(_ now: ContinuousClock.Instant = .now) -> Session {
    let session = Session(
      id: RandomText.make(), formToken: RandomText.make(), usedAt: now, endsAt: now + Self.longest)
    sessions.withLock { sessions in
      sessions = sessions.filter { Self.isAlive($0.value, now) }
      if sessions.count >= Self.most, let oldest = sessions.values.min(by: { $0.usedAt < $1.usedAt }) {
        sessions[oldest.id] = nil
      }
      sessions[session.id] = session
    }
    return session
  }

  /// The session whose cookie a request has brought.
  func find(_ request: WebRequest, _ now: ContinuousClock.Instant = .now) -> Session? {
    let pairs = (request.headers["cookie"] ?? []).flatMap { $0.split(separator: ";") }
    let ids = pairs.compactMap { pair -> String? in
      let halves = pair.split(separator: "=", maxSplits: 1)
      guard halves.count == 2, halves[0].filter({ $0 != " " }) == cookie else { return nil }
      return String(halves[1])
    }
    // A second cookie of the name was set by somebody else.
    guard ids.count == 1 else { return nil }
    return sessions.withLock { sessions in
      guard let session = sessions[ids[0]] else { return nil }
      guard Self.isAlive(session, now) else {
        sessions[session.id] = nil
        return nil
      }
      sessions[session.id]?.usedAt = now
      return session
    }
  }

  func leave(_ notice: Notice, for session: Session) { sessions.withLock { $0[session.id]?.notice = notice } }

  func takeNotice(of session: Session) -> Notice? {
    sessions.withLock { sessions in
      defer { sessions[session.id]?.notice = nil }
      return sessions[session.id]?.notice
    }
  }

  func end(_ session: Session) { sessions.withLock { $0[session.id] = nil } }

  private static func isAlive(_ session: Session, _ now: ContinuousClock.Instant) -> Bool {
    now < session.endsAt && now - session.usedAt < idle
  }

  /// The header that gives a session to the browser, or with nil takes it away.
  func header(_ session: Session?) -> (name: String, value: String) {
    let age = Self.longest.components.seconds
    let value = session.map { "\(cookie)=\($0.id); Max-Age=\(age)" } ?? "\(cookie)=; Max-Age=0"
    return ("Set-Cookie", "\(value); Path=/; HttpOnly; SameSite=Strict")
  }
}
