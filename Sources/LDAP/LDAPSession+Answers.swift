internal import LDAPModel
internal import Reactor

/// Processing of received messages.
///
/// A broken or malicious server ends its session: each answer must be of the requested kind and stay within
/// ``AnswerLimits``. The outcome of operations in flight is then unknown, as after any loss of a connection.
extension LDAPSession {
  func dispatch(_ message: consuming Message, _ heard: ContinuousClock.Instant) {
    let id = message.id
    switch message.kind {
    case .entry:
      guard let request = pending[id] else { return }
      guard case .search(let progress) = request.outcome else {
        violated("it answers \(request.operation) with an entry")
        return
      }
      take(message.entry(expecting: progress.entries.last?.attributes.count ?? 8), progress, heard)
    case .aside:
      return
    case .unsolicited:
      if message.isNotice() { return notice(message.result()) }
      unsolicited += 1
      if unsolicited > limits.unsolicited { violated("it keeps sending unsolicited messages") }
    case .result:
      guard let request = pending[id] else { return }
      guard message.tag == request.verb.answer else {
        violated("it answers \(request.operation) with a result of another kind")
        return
      }
      let result = message.result()
      // Codes below zero are the client's own and have meanings that a server cannot report.
      guard result.code.rawValue >= 0 else {
        violated("its result of \(request.operation) cannot be read")
        return
      }
      complete(request, id, result, message)
    }
  }

  private func take(
    _ received: (entry: Entry, hasText: Bool)?, _ progress: SearchProgress, _ heard: ContinuousClock.Instant
  ) {
    guard let (entry, hasText) = received else {
      violated("it sends a malformed entry")
      return
    }
    guard hasText, progress.reach?.contains(entry.dn, schema) != false else {
      onStranger?(entry.dn)
      return
    }
    progress.add(entry)
    progress.heard = heard
    if let violation = progress.violation(limits) { violated(violation) }
  }

  private func complete(_ request: Pending, _ id: Int32, _ result: Message.Result, _ message: borrowing Message) {
    if result.code == .success, case .search(let progress) = request.outcome, progress.pageSize != nil {
      guard let cookie = message.pageCookie() else {
        violated("it does not say whether there is another page")
        return
      }
      guard cookie.count <= limits.cookie else {
        violated("its page cookie has \(cookie.count) octets")
        return
      }
      pending[id] = nil
      return progress.completion(.success(SearchProgress.Page(entries: progress.entries, cookie: cookie)))
    }
    pending[id] = nil
    guard result.code == .success else {
      return request.fail(
        LDAPError(
          code: result.code, diagnostic: result.diagnostic, matchedDN: result.matchedDN,
          operation: request.operation))
    }
    switch request.outcome {
    case .write(let completion): completion(.success(()))
    case .identity(let completion): completion(.success(message.identity()))
    case .search(let progress): progress.completion(.success(SearchProgress.Page(entries: progress.entries)))
    }
  }

  /// Notice of disconnection (RFC 4511 section 4.4.1): the server is about to close and sends no more answers.
  private func notice(_ result: Message.Result) {
    let words = result.diagnostic.isEmpty ? "" : ": \(result.diagnostic)"
    finish(.serverDown, "the server ends the session with \(result.code)\(words)")
  }

  /// Ends the session because the server violates the protocol, and returns that as an error.
  @discardableResult
  func violated(_ what: String) -> LDAPError {
    let reason = "the server breaks the protocol: \(what)"
    finish(.decodingError, reason)
    return LDAPError(code: .decodingError, diagnostic: reason, operation: "connection to \(options.url)")
  }
}
