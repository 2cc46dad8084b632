package dev.handover.election.zookeeper;

import static dev.handover.coordination.ConfigurationStore.NOT_EXISTING;

import dev.handover.Configuration;
import dev.handover.coordination.CasOutcome;
import dev.handover.coordination.VersionedConfiguration;
import org.jspecify.annotations.Nullable;

/** {@link CompareAndSet} of a group's configuration. */
final class ConfigurationCompareAndSet extends CompareAndSet<CasOutcome> {
    private final String path;
    private final Configuration next;

    ConfigurationCompareAndSet(Session session, String path, int expectedVersion, Configuration next) {
        super(session, path, expectedVersion, ConfigurationCodec.encode(next));
        this.path = path;
        this.next = next;
    }

    @Override
    CasOutcome applied(int version) {
        return new CasOutcome.Applied(new VersionedConfiguration(next, version));
    }

    @Override
    CasOutcome conflict(byte @Nullable [] data, int version) throws MalformedContentException {
        return new CasOutcome.Conflict(version == NOT_EXISTING ? null : Calls.configuration(path, data, version));
    }

    @Override
    CasOutcome inDoubt(String cause) {
        return new CasOutcome.InDoubt(cause);
    }
}
