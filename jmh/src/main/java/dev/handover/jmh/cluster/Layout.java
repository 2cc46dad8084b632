package dev.handover.jmh.cluster;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Properties;
import java.util.concurrent.ThreadLocalRandom;

/**
 * Where the processes of one cluster are.
 *
 * @param ports {@link #PORTS} of each replica; the first is where clients go
 * @param zooKeeper connect string for those that need one
 */
record Layout(Path directory, List<List<Integer>> ports, String zooKeeper) {
    static final int PORTS = 8;
    static final String HOST = "127.0.0.1";

    /** Chooses ports that are free now, below those that the kernel gives to outgoing connections. */
    static Layout choose(Path directory, int replicas, String zooKeeper) {
        List<List<Integer>> ports = new ArrayList<>();
        int next = ThreadLocalRandom.current().nextInt(12_000, 30_000);
        for (int i = 0; i < replicas; i++) {
            List<Integer> own = new ArrayList<>();
            for (; own.size() < PORTS; next++) {
                if (isFree(next)) {
                    own.add(next);
                }
            }
            ports.add(List.copyOf(own));
        }
        return new Layout(directory, List.copyOf(ports), zooKeeper);
    }

    private static boolean isFree(int port) {
        try (ServerSocket socket = new ServerSocket(port, 1, InetAddress.getByName(HOST))) {
            return socket.isBound();
        } catch (IOException e) {
            return false; // somebody has it: the next one
        }
    }

    int replicas() {
        return ports.size();
    }

    int port(int replica, int number) {
        return ports.get(replica).get(number);
    }

    /** Of one replica. */
    Path data(int replica) {
        return directory.resolve("replica-" + replica);
    }

    void save(Path file) throws IOException {
        Properties properties = new Properties();
        properties.setProperty("directory", directory.toString());
        properties.setProperty("zooKeeper", zooKeeper);
        properties.setProperty("replicas", String.valueOf(ports.size()));
        for (int i = 0; i < ports.size(); i++) {
            for (int j = 0; j < PORTS; j++) {
                properties.setProperty("port." + i + "." + j, String.valueOf(port(i, j)));
            }
        }
        try (var out = Files.newBufferedWriter(file)) {
            properties.store(out, null);
        }
    }

    static Layout load(Path file) throws IOException {
        Properties properties = new Properties();
        try (var in = Files.newBufferedReader(file)) {
            properties.load(in);
        }
        List<List<Integer>> ports = new ArrayList<>();
        int replicas = Integer.parseInt(properties.getProperty("replicas"));
        for (int i = 0; i < replicas; i++) {
            List<Integer> own = new ArrayList<>();
            for (int j = 0; j < PORTS; j++) {
                own.add(Integer.parseInt(properties.getProperty("port." + i + "." + j)));
            }
            ports.add(own);
        }
        return new Layout(Path.of(properties.getProperty("directory")), ports, properties.getProperty("zooKeeper"));
    }
}
