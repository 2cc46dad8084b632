package dev.handover.election;

import dev.handover.election.zookeeper.MalformedContentException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BiConsumer;
import org.apache.zookeeper.AsyncCallback;
import org.apache.zookeeper.KeeperException.Code;
import org.apache.zookeeper.Watcher;
import org.apache.zookeeper.ZooKeeper;
import org.apache.zookeeper.data.Stat;
import org.jspecify.annotations.Nullable;

/**
 * Reads an election, all messages sent at once and through the ensemble's leader ({@code sync}), and leaves watches behind. Content of candidates never
 * changes and that of pauses only with their parent's version: both are read once.
 */
final class ViewReader {
    private final String path;
    private final Watcher watcher;
    private final Map<String, View.Entered> candidates = new HashMap<>();
    private final Map<String, Pause> pauses = new HashMap<>();
    private int pausesVersion = -1;
    private long pausesCreated = -1;

    ViewReader(String path, Watcher watcher) {
        this.path = path;
        this.watcher = watcher;
    }

    static String leader(String path) {
        return path + "/leader";
    }

    static String candidates(String path) {
        return path + "/candidates";
    }

    static String pauses(String path) {
        return path + "/pauses";
    }

    /** Calls back with the view, or with what went wrong; {@code NONODE} if the election's znodes are not all there. On ZooKeeper's event thread. */
    void read(ZooKeeper zooKeeper, BiConsumer<@Nullable View, Code> done, BiConsumer<String, Exception> malformed) {
        new Round(zooKeeper, done, malformed).start();
    }

    private final class Round {
        private final ZooKeeper zooKeeper;
        private final BiConsumer<@Nullable View, Code> done;
        private final BiConsumer<String, Exception> malformed;
        private final long session;
        private final long sentNanos = System.nanoTime();
        private final long sentMillis = System.currentTimeMillis();
        private Code trouble = Code.OK;
        private @Nullable LastChange change;
        private Stat changeStat = new Stat();
        private Records.@Nullable LeaderNode leader;
        private long leaderSession;
        private Stat pausesStat = new Stat();
        private List<String> pauseNodes = List.of();
        private List<String> candidateNodes = List.of();
        private int open;

        Round(ZooKeeper zooKeeper, BiConsumer<@Nullable View, Code> done, BiConsumer<String, Exception> malformed) {
            this.zooKeeper = zooKeeper;
            this.done = done;
            this.malformed = malformed;
            session = zooKeeper.getSessionId();
        }

        void start() {
            zooKeeper.sync(path, (rc, p, context) -> note(rc), null);
            zooKeeper.getData(
                    path,
                    watcher,
                    data((bytes, stat) -> {
                        changeStat = stat;
                        change = bytes.length == 0 ? null : Records.lastChange(bytes);
                    }),
                    null);
            zooKeeper.exists(
                    leader(path),
                    watcher,
                    (rc, p, context, stat) -> {
                        if (rc != Code.NONODE.intValue()) note(rc);
                    },
                    null);
            zooKeeper.getData(
                    leader(path),
                    false,
                    (rc, p, context, bytes, stat) -> {
                        if (rc != Code.NONODE.intValue()) {
                            data((content, leaderStat) -> {
                                        leader = Records.leader(content);
                                        leaderSession = leaderStat.getEphemeralOwner();
                                    })
                                    .processResult(rc, p, context, bytes, stat);
                        }
                    },
                    null);
            zooKeeper.getChildren(
                    pauses(path),
                    watcher,
                    (rc, p, context, children, stat) -> {
                        note(rc);
                        if (rc == Code.OK.intValue()) {
                            pausesStat = stat;
                            pauseNodes = children;
                        }
                    },
                    null);
            zooKeeper.getChildren(
                    candidates(path),
                    watcher,
                    (rc, p, context, children, stat) -> {
                        note(rc);
                        if (rc == Code.OK.intValue()) {
                            candidateNodes = children;
                        }
                        readChildren();
                    },
                    null);
        }

        private void readChildren() {
            if (trouble != Code.OK) {
                done.accept(null, trouble);
                return;
            }
            candidates.keySet().retainAll(candidateNodes);
            if (pausesStat.getVersion() != pausesVersion || pausesStat.getCzxid() != pausesCreated) {
                pauses.clear();
                pausesVersion = pausesStat.getVersion();
                pausesCreated = pausesStat.getCzxid();
            }
            pauses.keySet().retainAll(pauseNodes);
            List<String> newCandidates = new ArrayList<>(candidateNodes);
            newCandidates.removeAll(candidates.keySet());
            List<String> newPauses = new ArrayList<>(pauseNodes);
            newPauses.removeAll(pauses.keySet());
            open = newCandidates.size() + newPauses.size();
            for (String node : newCandidates) {
                zooKeeper.getData(
                        candidates(path) + "/" + node,
                        false,
                        child((bytes, stat) -> candidates.put(
                                node,
                                new View.Entered(
                                        node, Records.candidate(bytes, stat.getCzxid()), stat.getEphemeralOwner()))),
                        null);
            }
            for (String node : newPauses) {
                zooKeeper.getData(
                        pauses(path) + "/" + node,
                        false,
                        child((bytes, stat) -> pauses.put(node, Records.pause(bytes))),
                        null);
            }
            if (open == 0) {
                finish();
            }
        }

        private AsyncCallback.DataCallback child(Content content) {
            return (rc, p, context, bytes, stat) -> {
                if (rc != Code.NONODE.intValue()) { // gone in between: it is simply not there
                    data(content).processResult(rc, p, context, bytes, stat);
                }
                if (--open == 0) {
                    finish();
                }
            };
        }

        private void finish() {
            if (trouble != Code.OK) {
                done.accept(null, trouble);
                return;
            }
            done.accept(
                    new View(
                            session,
                            sentNanos,
                            sentMillis,
                            change,
                            changeStat.getVersion(),
                            changeStat.getCzxid(),
                            leader,
                            leaderSession,
                            pausesStat.getVersion(),
                            List.copyOf(pauses.values()),
                            List.copyOf(candidates.values())),
                    Code.OK);
        }

        private AsyncCallback.DataCallback data(Content content) {
            return (rc, p, context, bytes, stat) -> {
                note(rc);
                if (rc == Code.OK.intValue()) {
                    try {
                        content.accept(bytes == null ? new byte[0] : bytes, stat);
                    } catch (MalformedContentException e) {
                        malformed.accept(p, e);
                        trouble = Code.MARSHALLINGERROR;
                    }
                }
            };
        }

        private void note(int rc) {
            if (rc != Code.OK.intValue() && trouble == Code.OK) {
                trouble = Code.get(rc);
            }
        }
    }

    private interface Content {
        void accept(byte[] bytes, Stat stat) throws MalformedContentException;
    }
}
