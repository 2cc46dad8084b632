package dev.handover.election.zookeeper;

import static dev.handover.coordination.RecordStore.NOT_EXISTING;

import dev.handover.coordination.RecordOutcome;
import org.apache.zookeeper.KeeperException.Code;
import org.apache.zookeeper.ZooKeeper;

/** Removes a record if its version is still the expected one. That it is gone is what was wanted, whoever did it. */
final class DeleteRecord extends Operation<RecordOutcome> {
    private final Session session;
    private final String path;
    private final int expectedVersion;

    DeleteRecord(Session session, String path, int expectedVersion) {
        super("deletion of " + path);
        this.session = session;
        this.path = path;
        this.expectedVersion = expectedVersion;
    }

    @Override
    void attempt(ZooKeeper zooKeeper) {
        if (isDone()) {
            return; // reported as in doubt: sends nothing more
        }
        zooKeeper.delete(
                path,
                expectedVersion,
                (rc, p, context) -> {
                    Code code = Code.get(rc);
                    if (code == Code.BADVERSION) {
                        tell(zooKeeper);
                    } else {
                        deleted(code);
                    }
                },
                null);
    }

    @Override
    void unanswered(String cause) {
        complete(new RecordOutcome.InDoubt(cause));
    }

    private void deleted(Code code) {
        if (code == Code.OK || code == Code.NONODE) {
            complete(new RecordOutcome.Applied(NOT_EXISTING));
        } else if (transientTrouble(code)) {
            session.again(this, "of " + code);
        } else {
            refused(code, path);
        }
    }

    private void tell(ZooKeeper zooKeeper) {
        Calls.syncAndRead(zooKeeper, path, (rc, p, context, data, stat) -> {
            Code code = Code.get(rc);
            if (code == Code.OK) {
                complete(new RecordOutcome.Conflict(Calls.record(path, data, stat.getVersion())));
            } else {
                deleted(code);
            }
        });
    }
}
