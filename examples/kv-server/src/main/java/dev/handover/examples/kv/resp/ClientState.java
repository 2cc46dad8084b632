package dev.handover.examples.kv.resp;

import java.net.SocketAddress;

/** What a connection remembers between two commands. Changed on its event loop only; may be read anywhere. */
final class ClientState {
    private final long id;
    private final SocketAddress address;
    private final long sinceNanos = System.nanoTime();
    private volatile String name = "";
    private volatile String library = "";
    private volatile String libraryVersion = "";
    private volatile int protocol = 2;
    private volatile boolean readOnly;

    ClientState(long id, SocketAddress address) {
        this.id = id;
        this.address = address;
    }

    long id() {
        return id;
    }

    String name() {
        return name;
    }

    void name(String newName) {
        name = newName;
    }

    void library(String newLibrary) {
        library = newLibrary;
    }

    void libraryVersion(String newVersion) {
        libraryVersion = newVersion;
    }

    /** Version of RESP: 2 or 3. */
    int protocol() {
        return protocol;
    }

    void protocol(int version) {
        protocol = version;
    }

    /** Whether reads may be answered from what this replica has applied. */
    boolean readOnly() {
        return readOnly;
    }

    void readOnly(boolean wanted) {
        readOnly = wanted;
    }

    /** A line of {@code CLIENT LIST}. */
    String describe() {
        long age = (System.nanoTime() - sinceNanos) / 1_000_000_000L;
        return "id=" + id + " addr=" + address.toString().replace("/", "") + " name=" + name + " age=" + age
                + " flags=" + (readOnly ? "r" : "N") + " db=0 resp=" + protocol + " lib-name=" + library + " lib-ver="
                + libraryVersion + "\n";
    }
}
