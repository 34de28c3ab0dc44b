internal import Glibc
internal import Foundation
internal import Synchronization

/// A stretch of network that breaks: listens on a port of the loopback and passes everything on to the server's socket, until a rule cuts the
/// connection on both sides.
package final class Proxy: Sendable {
  /// Where a connection is cut.
  package enum Cut: Sendable, CustomStringConvertible {
    /// After so many bytes that went to the server.
    case sent(Int)
    /// After so many bytes that came from the server.
    case received(Int)
    /// At the nth COMMIT: the server gets it, and its answer is lost; or it does not get it.
    case commit(nth: Int, isDelivered: Bool)

    package var description: String {
      switch self {
      case .sent(let count): "after \(count) bytes to the server"
      case .received(let count): "after \(count) bytes from the server"
      case .commit(let nth, let isDelivered): "at COMMIT \(nth), \(isDelivered ? "delivered" : "not delivered")"
      }
    }
  }

  package let port: Int
  private let listener: Int32
  private let target: String
  /// By number of the connection, from 0; connections without a rule are whole.
  private let cuts: [Int: Cut]
  private let state = Mutex((connections: 0, made: 0, isClosed: false, commits: [Int: Int]()))

  /// - Parameter target: path of the server's socket.
  package init(to target: String, cuts: [Int: Cut]) throws {
    self.target = target
    self.cuts = cuts
    listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    guard listener >= 0 else { throw ChaosError("no socket") }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = in_addr_t(0x7F00_0001).bigEndian
    var size = socklen_t(MemoryLayout<sockaddr_in>.size)
    let descriptor = listener
    let bound = unsafe withUnsafeMutablePointer(to: &address) { pointer in
      unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
        unsafe bind(descriptor, address, size) == 0 && listen(descriptor, 64) == 0
          && getsockname(descriptor, address, &size) == 0
      }
    }
    port = Int(UInt16(bigEndian: address.sin_port))
    guard bound else { throw ChaosError("the proxy cannot listen") }
    let thread = Thread { [self] in accept() }
    thread.start()
  }

  /// Cuts that were made.
  package var made: Int { state.withLock { $0.made } }

  /// COMMITs that a connection sent.
  package func commits(of connection: Int) -> Int { state.withLock { $0.commits[connection] ?? 0 } }

  package func close() {
    state.withLock { $0.isClosed = true }
    shutdown(listener, Int32(SHUT_RDWR))
  }

  private func accept() {
    while true {
      let client = Glibc.accept(listener, nil, nil)
      guard client >= 0 else {
        if state.withLock({ $0.isClosed }) || errno != EINTR && errno != ECONNABORTED { break }
        continue
      }
      let number = state.withLock { state in
        state.connections += 1
        return state.connections - 1
      }
      let thread = Thread { [self] in carry(client, number) }
      thread.start()
    }
    _ = Glibc.close(listener)
  }

  private func connect() -> Int32 {
    let server = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: Array(target.utf8)) }
    let connected = unsafe withUnsafePointer(to: &address) { pointer in
      unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        unsafe Glibc.connect(server, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
      }
    }
    if connected == 0 { return server }
    _ = Glibc.close(server)
    return -1
  }

  /// Carries bytes both ways until one side ends or the rule says so.
  private func carry(_ client: Int32, _ number: Int) {
    let cut = cuts[number]
    let server = connect()
    defer {
      _ = Glibc.close(client)
      if server >= 0 { _ = Glibc.close(server) }
    }
    guard server >= 0 else { return }
    var (sent, received, commits) = (0, 0, 0)
    var buffer = [UInt8](repeating: 0, count: 64 * 1024)
    var isCut = false
    while !isCut {
      var ends = [
        pollfd(fd: client, events: Int16(POLLIN), revents: 0), pollfd(fd: server, events: Int16(POLLIN), revents: 0),
      ]
      if unsafe poll(&ends, 2, -1) < 0 {
        if errno == EINTR { continue }
        return
      }
      for (index, end) in ends.enumerated() where end.revents != 0 {
        let count = unsafe recv(end.fd, &buffer, buffer.count, 0)
        guard count > 0 else { return }
        var whole = count
        if index == 0 {
          commits += Proxy.commits(in: buffer[..<count])
          let seen = commits
          state.withLock { $0.commits[number] = seen }
          switch cut {
          case .sent(let limit)? where sent + count >= limit:
            whole = max(0, limit - sent)
            isCut = true
          case .commit(let nth, let isDelivered)?:
            if commits >= nth {
              whole = isDelivered ? count : 0
              isCut = true
            }
          default: break
          }
          sent += count
        } else {
          if case .received(let limit)? = cut, received + count >= limit {
            whole = max(0, limit - received)
            isCut = true
          }
          received += count
        }
        guard Proxy.send(buffer[..<whole], to: index == 0 ? server : client) else { return }
        if isCut { break }
      }
    }
    if case .commit(_, true)? = cut { usleep(20_000) }  // the server gets the time to commit
    state.withLock { $0.made += 1 }
  }

  private static func commits(in bytes: ArraySlice<UInt8>) -> Int {
    let word = Array("COMMIT\0".utf8)
    guard bytes.count >= word.count else { return 0 }
    var count = 0
    var from = bytes.startIndex
    while from + word.count <= bytes.endIndex {
      if bytes[from] == word[0], bytes[from..<from + word.count].elementsEqual(word) { count += 1 }
      from += 1
    }
    return count
  }

  private static func send(_ bytes: ArraySlice<UInt8>, to descriptor: Int32) -> Bool {
    unsafe bytes.withUnsafeBytes { bytes in
      var offset = 0
      while offset < bytes.count {
        guard let start = unsafe bytes.baseAddress?.advanced(by: offset) else { return false }
        let count = unsafe Glibc.send(descriptor, start, bytes.count - offset, Int32(MSG_NOSIGNAL))
        guard count > 0 else { return false }
        offset += count
      }
      return true
    }
  }
}
