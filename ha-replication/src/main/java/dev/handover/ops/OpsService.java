package dev.handover.ops;

import java.util.List;

/** Something of several instances that is shown among the services, with what may be done to it now. */
interface OpsService {
    OpsItem item();

    List<OpsHandler> handlers();
}
