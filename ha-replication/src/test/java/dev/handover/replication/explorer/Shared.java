package dev.handover.replication.explorer;

import dev.handover.Configuration;
import dev.handover.coordination.ConfigurationStore;
import dev.handover.coordination.VersionedConfiguration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * What belongs to no node: the configuration store, and what the rules remember of all; never changes.
 *
 * @param stored all configurations there were, by epoch from 1
 * @param requests compare-and-sets that the store has not looked at yet
 * @param committed what anybody has ever considered committed
 * @param committedIn by index from 1, the lowest epoch in which a leader considered it committed
 * @param leaders by epoch, the log of the leader, as far as it went while it led and had sent something
 * @param floors by read, what was committed when it arrived
 */
record Shared(
        List<Stored> stored,
        List<Request> requests,
        Log committed,
        List<Long> committedIn,
        Map<Long, Log> leaders,
        Map<Long, Long> floors) {
    /** A configuration, and the very process that proposed it. */
    record Stored(VersionedConfiguration value, int node, int boot) {}

    /** A proposal, and the very process that made it. */
    record Request(int node, int boot, int expectedVersion, Configuration next) {}

    /** Of what differs most. */
    @Override
    public int hashCode() {
        int hash = stored.size();
        for (Stored one : stored) {
            hash = 31 * hash + one.value().configuration().nonce().hashCode();
        }
        for (Request request : requests) {
            hash = 31 * hash + request.next().nonce().hashCode() + request.boot();
        }
        hash = 31 * hash + System.identityHashCode(committed);
        for (Log leader : leaders.values()) {
            hash = 31 * hash + System.identityHashCode(leader);
        }
        return 31 * hash + floors.size();
    }

    /** Null before the first. */
    VersionedConfiguration newest() {
        return stored.isEmpty() ? null : stored.get(stored.size() - 1).value();
    }

    /** Null if there was none yet. */
    Stored ofEpoch(long epoch) {
        return epoch < 1 || epoch > stored.size() ? null : stored.get((int) epoch - 1);
    }

    Shared asked(Request request) {
        List<Request> more = new ArrayList<>(requests);
        more.add(request);
        return new Shared(stored, more, committed, committedIn, leaders, floors);
    }

    Shared without(int request) {
        List<Request> fewer = new ArrayList<>(requests);
        fewer.remove(request);
        return new Shared(stored, fewer, committed, committedIn, leaders, floors);
    }

    int version() {
        return stored.isEmpty() ? ConfigurationStore.NOT_EXISTING : newest().version();
    }

    Shared stores(Request request) {
        List<Stored> more = new ArrayList<>(stored);
        more.add(new Stored(new VersionedConfiguration(request.next(), version() + 1), request.node(), request.boot()));
        return new Shared(more, requests, committed, committedIn, leaders, floors);
    }

    Shared committed(Log log, List<Long> in) {
        return new Shared(stored, requests, log, in, leaders, floors);
    }

    Shared leads(long epoch, Log log) {
        Map<Long, Log> more = new TreeMap<>(leaders);
        more.put(epoch, log);
        return new Shared(stored, requests, committed, committedIn, more, floors);
    }

    Shared arrived(long read) {
        Map<Long, Long> more = new TreeMap<>(floors);
        more.put(read, committed.lastIndex());
        return new Shared(stored, requests, committed, committedIn, leaders, more);
    }
}
