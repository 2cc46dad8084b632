package dev.handover.election.zookeeper;

import java.net.InetSocketAddress;

/**
 * Where one member of an embedded ensemble is found. All members must be told the same list.
 *
 * @param id 1 to 255, kept for ever: it is written into the data directory
 * @param clientAddress where clients, in all applications, dial it
 * @param quorumAddress where the other members dial it while it leads
 * @param electionAddress where the other members dial it to vote
 */
public record EnsembleMember(
        int id, InetSocketAddress clientAddress, InetSocketAddress quorumAddress, InetSocketAddress electionAddress) {
    /**
     * Checks id and ports.
     *
     * @throws IllegalArgumentException if the id is out of range, or a port is 0: an ensemble cannot find a member whose ports are chosen at random
     */
    public EnsembleMember {
        if (id < 1 || id > 255) {
            throw new IllegalArgumentException("ensemble member id " + id + " is not in 1..255");
        }
        if (clientAddress.getPort() == 0 || quorumAddress.getPort() == 0 || electionAddress.getPort() == 0) {
            throw new IllegalArgumentException("ensemble member " + id + " has a port 0 (client " + clientAddress
                    + ", quorum " + quorumAddress + ", election " + electionAddress + "); give it fixed ports");
        }
    }

    /** With the three ports on one host. */
    public static EnsembleMember of(int id, String host, int clientPort, int quorumPort, int electionPort) {
        return new EnsembleMember(
                id,
                new InetSocketAddress(host, clientPort),
                new InetSocketAddress(host, quorumPort),
                new InetSocketAddress(host, electionPort));
    }

    /** {@code host:port} for connect strings; a wildcard address becomes {@code localhost}. */
    static String hostPort(InetSocketAddress address, int port) {
        boolean wildcard = address.getAddress() != null && address.getAddress().isAnyLocalAddress();
        String host = wildcard ? "localhost" : address.getHostString();
        return (host.indexOf(':') >= 0 && !host.startsWith("[") ? "[" + host + "]" : host) + ":" + port;
    }
}
